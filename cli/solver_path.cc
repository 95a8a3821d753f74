// SPDX-License-Identifier: MIT
#include "cli/solver_path.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr char kSolver[] = "arctrm-solver";

}  // namespace

absl::StatusOr<std::string> FindSolver() {
  std::string self(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size());
  if (size < 0) return ErrnoStatus(errno, "reading", "/proc/self/exe");
  self.resize(static_cast<size_t>(size));
  const std::string dir = Dirname(self);
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

}  // namespace arctrm
