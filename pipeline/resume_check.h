// SPDX-License-Identifier: MIT
// Can a run be taken up: are its inputs those it began with, and is what it has
// kept in its work folder there and whole?
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/inputs.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_options.h"

namespace arctrm {

// SHA-256 of what was read, by option: "--challenges", "--solutions",
// "--train-on", "--checkpoint"; "" for one that was not given.
absl::StatusOr<std::map<std::string, std::string>> FingerprintsOf(
    const JobInputs& inputs, const RunOptions& options);

// FailedPrecondition names the first that is not what it was, with both values.
absl::Status CheckFingerprints(const RunFolder& folder,
                               const std::map<std::string, std::string>& before,
                               const std::map<std::string, std::string>& now);

// Reads all that a resumed run goes on from: dataset, checkpoint, best weights,
// snapshots, curves. NotFound or DataLoss names what is missing or damaged and
// says what to do. Ballots are not looked at but for being there.
absl::Status CheckResumeFiles(const RunFolder& folder, const RunRecord& record,
                              const RunOptions& options);

// Every row of the curves in `folder` but the last, which a kill may have cut:
// DataLoss for one that is none, NotFound for no file after `step` steps.
absl::Status CheckMetrics(const RunFolder& folder, int64_t step);

}  // namespace arctrm
