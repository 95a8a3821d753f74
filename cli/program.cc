// SPDX-License-Identifier: MIT
#include "cli/program.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr char kFrontEnd[] = "arctrm";
constexpr char kSolver[] = "arctrm-solver";

}  // namespace

absl::StatusOr<std::string> ProgramDir() {
  std::string self(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size());
  if (size < 0) return ErrnoStatus(errno, "reading", "/proc/self/exe");
  self.resize(static_cast<size_t>(size));
  return Dirname(self);
}

absl::StatusOr<std::string> FindSolver() {
  ARCTRM_ASSIGN_OR_RETURN(const std::string dir, ProgramDir());
  const std::string beside = JoinPath(dir, kSolver);
  const std::string installed =
      JoinPath(JoinPath(dir, "../libexec/arctrm"), kSolver);
  for (const std::string& path : {beside, installed}) {
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return absl::UnavailableError(absl::StrCat(
      "this command needs the solver program, but there is neither ", beside,
      " nor ", installed,
      "; build with LibTorch (-DARCTRM_WITH_TORCH=ON) or put ", kSolver,
      " beside arctrm"));
}

std::string CommandName() {
  const char* const path = std::getenv("PATH");
  for (absl::string_view dir :
       absl::StrSplit(path != nullptr ? path : "", ':', absl::SkipEmpty())) {
    if (access(JoinPath(dir, kFrontEnd).c_str(), X_OK) == 0) return kFrontEnd;
  }
  const absl::StatusOr<std::string> dir = ProgramDir();
  if (!dir.ok()) return kFrontEnd;
  std::string whole = JoinPath(*dir, kFrontEnd);
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  const std::string below =
      std::string(absl::StripPrefix(whole, absl::StrCat(here, "/")));
  if (error || below == whole) return whole;
  // The shell would search $PATH for a bare name.
  return absl::StrContains(below, '/') ? below : absl::StrCat("./", below);
}

}  // namespace arctrm
