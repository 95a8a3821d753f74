// SPDX-License-Identifier: MIT
// The name of a run. run.json and all files that a resumed run uses carry it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "arc/task.h"
#include "base/log.h"
#include "pipeline/run_folder.h"
#include "tta/ballots.h"

namespace arctrm {

// Names a run with the settings and fingerprints of `record`: 32 hexadecimal
// digits. If `repeatable`, equal records give equal names, so that the files of
// equal runs have equal bytes; otherwise the name is random.
std::string NameRun(const RunRecord& record, bool repeatable);

// A file or folder of a run, and the name that it carries; "" for none.
struct StateFile {
  std::string path;
  std::string run;
};

// Adds the checkpoint in `dir` if it can be read.
void AddCheckpoint(const std::string& dir, std::vector<StateFile>& states);

// FailedPrecondition for the first of `states` that belongs to another run than
// `record`. States without a name are from earlier versions and accepted; `log`
// lists them. A record without a name takes that of its states, or a new one.
absl::Status CheckSameRun(const std::vector<StateFile>& states,
                          RunRecord& record, Log& log);

// CheckSameRun() for all files in the work folder. `ballots` were read from
// there; null if there are none. FailedPrecondition also for votes on other
// test inputs than those of `challenges`, or of other models.
absl::Status CheckWorkFolder(const RunFolder& folder, const Ballots* ballots,
                             const ChallengeSet& challenges, RunRecord& record,
                             Log& log);

// FailedPrecondition if the work folder holds another dataset than that of
// `record`.
absl::Status CheckDataset(const RunFolder& folder, const RunRecord& record);

// SHA-256 of dataset/dataset.json in the work folder; "" without a dataset.
std::string DatasetOf(const RunFolder& folder);

}  // namespace arctrm
