// SPDX-License-Identifier: MIT
#include "pipeline/kept_runs.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/output_guard.h"
#include "base/status.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;

bool IsOneOf(const std::string& folder, const std::vector<std::string>& own) {
  return std::any_of(own.begin(), own.end(), [&](const std::string& other) {
    std::error_code error;
    return fs::equivalent(folder, other, error) && !error;
  });
}

// "the run in DIR (done, 1 of 3 test outputs solved)".
std::string RunText(const RunFolder& folder) {
  const absl::StatusOr<RunRecord> record = folder.ReadRecord();
  if (!record.ok()) return absl::StrCat("the run in ", folder.dir());
  return absl::StrCat("the run in ", folder.dir(), " (", record->status,
                      record->score.empty() ? "" : ", ", record->score, ")");
}

absl::Status Refuse(const std::string& path, absl::string_view why,
                    const RunFolder& folder) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", why, " ", RunText(folder),
                   "; name another, or replace it with --overwrite"));
}

// "arctrm train" of "arctrm train, OUT".
std::string KindOf(const std::string& title) {
  return title.substr(0, title.find(','));
}

}  // namespace

bool HasRun(const std::string& dir) {
  const RunFolder folder(dir);
  if (folder.ReadRecord().ok()) return true;
  const std::string path = folder.record_path();
  if (!FileExists(path) || IsSpecialFile(path)) return false;
  const absl::StatusOr<std::string> text = ReadFile(path);
  return text.ok() && absl::StrContains(*text, "\"arctrm-run\"");
}

absl::Status CheckNoRunsFile(const std::string& path,
                             const std::vector<std::string>& own,
                             bool overwrite) {
  if (path.empty() || IsSpecialFile(path)) return absl::OkStatus();
  for (const auto& [dir, name] : FoldersAbove(path)) {
    if (!IsRunFolderName(name) || IsOneOf(dir, own) || !HasRun(dir)) continue;
    const RunFolder folder(dir);
    ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
    if (!overwrite) return Refuse(path, "lies among the files of", folder);
  }
  const std::string beside = BesidePath(path, ".run");
  if (IsOneOf(beside, own) || !HasRun(beside)) return absl::OkStatus();
  const RunFolder folder(beside);
  ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
  if (overwrite || !FileExists(path)) return absl::OkStatus();
  return Refuse(path, "is the result of", folder);
}

absl::Status CheckTrainingFolder(const RunFolder& folder,
                                 const std::string& title,
                                 TrainingFolderUse use) {
  ARCTRM_RETURN_IF_ERROR(folder.CheckNotLocked());
  ARCTRM_RETURN_IF_ERROR(folder.CheckOurs());
  if (use.overwrite) return absl::OkStatus();
  const absl::StatusOr<RunRecord> record = folder.ReadRecord();
  if (!record.ok()) return absl::OkStatus();
  const bool own = use.beside ? KindOf(record->title) == KindOf(title)
                              : record->title == title;
  if (!use.resume) {
    // A killed training without a checkpoint starts again.
    return own && IsBeingTrained(*record) ? absl::OkStatus()
                                          : folder.CheckNoRun();
  }
  if (own) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      folder.dir(), ": holds the record of another run (", record->title, ", ",
      record->status, "); give the --work that this training began with"));
}

std::string SeenFrom(const std::string& work, const std::string& out) {
  std::error_code error;
  const fs::path from = fs::weakly_canonical(work, error);
  if (error) return "";
  const fs::path to = fs::weakly_canonical(fs::path(out).parent_path().empty()
                                               ? fs::path(".")
                                               : fs::path(out).parent_path(),
                                           error);
  return error ? ""
               : (to / fs::path(out).filename())
                     .lexically_relative(from)
                     .string();
}

}  // namespace arctrm
