// SPDX-License-Identifier: MIT
// Protects the work folder and the results of a run from other commands.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/run_folder.h"

namespace arctrm {

// Whether `dir` holds the record of a run, whole or damaged.
bool HasRun(const std::string& dir);

// Checks whether a command with the work folders `own` may write to `path`.
//
// FailedPrecondition if `path` lies among the files of another run, or is the
// result OUT of a run with the work folder OUT.run; `overwrite` permits both.
// AlreadyExists if that run is at work; `overwrite` does not permit that.
absl::Status CheckNoRunsFile(const std::string& path,
                             const std::vector<std::string>& own,
                             bool overwrite);

// How a training uses its work folder.
struct TrainingFolderUse {
  bool resume = false;
  bool overwrite = false;
  // The folder is named after the checkpoint; both may have been renamed.
  bool beside = true;
};

// Checks whether a training with this title ("arctrm train, OUT") may work in
// `folder`; otherwise FailedPrecondition.
//
// A resumed training needs its own record there, or none. A new training needs
// a folder without a run and without a trained model, unless `overwrite`.
absl::Status CheckTrainingFolder(const RunFolder& folder,
                                 const std::string& title,
                                 TrainingFolderUse use);

// Returns the path of `out` relative to the work folder, so that both can be
// moved together; "" on errors.
std::string SeenFrom(const std::string& work, const std::string& out);

}  // namespace arctrm
