// SPDX-License-Identifier: MIT
// Which run the files of a work folder belong to: a name that stands in
// run.json and in every file that a resumed run goes on from.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "arc/task.h"
#include "base/log.h"
#include "pipeline/run_folder.h"
#include "tta/ballots.h"

namespace arctrm {

// The name of a run with the settings and fingerprints of `record`, 32
// hexadecimal digits. `repeatable`: the same for the same, so that its files
// are the same bytes; else drawn at random.
std::string NameRun(const RunRecord& record, bool repeatable);

// A file or folder of state, and the run that it names; "" where it names none.
struct StateFile {
  std::string path;
  std::string run;
};

// Adds the checkpoint in `dir` where there is one that can be read.
void AddCheckpoint(const std::string& dir, std::vector<StateFile>& states);

// FailedPrecondition for the first of `states` that names another run than
// `record`. What names none is of an earlier version: one line of `log` says
// so. A record without a name takes theirs, or a new one.
absl::Status CheckSameRun(const std::vector<StateFile>& states,
                          RunRecord& record, Log& log);

// CheckSameRun() of all that a run keeps in its work folder. `ballots`: as read
// from there, null where there are none. FailedPrecondition also for votes that
// this run can't have: for other test inputs than those of `challenges`, or of
// other models.
absl::Status CheckWorkFolder(const RunFolder& folder, const Ballots* ballots,
                             const ChallengeSet& challenges, RunRecord& record,
                             Log& log);

// FailedPrecondition where the work folder holds another dataset than the one
// that `record` knows.
absl::Status CheckDataset(const RunFolder& folder, const RunRecord& record);

// SHA-256 of what describes the dataset in the work folder; "" for none.
std::string DatasetOf(const RunFolder& folder);

}  // namespace arctrm
