// SPDX-License-Identifier: MIT
// What of a run other commands leave alone: its work folder and its results.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/run_folder.h"

namespace arctrm {

// Does `dir` hold the record of a run, whole or damaged?
bool HasRun(const std::string& dir);

// May a command whose work folders are `own` put something at `path`? Not where
// another run keeps its own files, nor in the place of a run's result OUT with
// the work folder OUT.run: FailedPrecondition, which `overwrite` allows, and
// AlreadyExists where that run is at work, which it does not.
absl::Status CheckNoRunsFile(const std::string& path,
                             const std::vector<std::string>& own,
                             bool overwrite);

// May a training called `title` ("arctrm train, OUT") work in `folder`? One
// that is resumed only where its own record stands, or none; `beside`: the
// folder is named after the checkpoint, which may have been renamed since.
// Another one not where a run or a finished training stands, unless
// `overwrite`. FailedPrecondition.
struct TrainingFolderUse {
  bool resume = false;
  bool overwrite = false;
  bool beside = true;
};
absl::Status CheckTrainingFolder(const RunFolder& folder,
                                 const std::string& title,
                                 TrainingFolderUse use);

// `out` seen from the work folder, as run.json keeps it: both may be moved
// together.
std::string SeenFrom(const std::string& work, const std::string& out);

}  // namespace arctrm
