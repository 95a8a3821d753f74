// SPDX-License-Identifier: MIT
// Can a run be taken up: are its inputs those it began with, and is what it has
// kept in its work folder there and whole?
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/log.h"
#include "pipeline/run_folder.h"
#include "pipeline/run_inputs.h"
#include "pipeline/run_options.h"

namespace arctrm {

// SHA-256 of what was read, by option: "--challenges", "--solutions",
// "--train-on", "--checkpoint"; "" for one that was not given.
absl::StatusOr<std::map<std::string, std::string>> FingerprintsOf(
    const RunInputs& inputs, const RunOptions& options);

// CheckpointFingerprint(), and "" for "".
absl::StatusOr<std::string> FingerprintOfWeights(const std::string& checkpoint);

// FailedPrecondition names the first fingerprint of `before`, and of its
// settings the first one, that is something else `now`, with both values. Where
// there are none, as earlier versions wrote it, a line of `log` says that
// nothing could be compared.
absl::Status CheckSameInputs(const RunFolder& folder, const RunRecord& before,
                             const RunRecord& now, Log& log);

// Reads all that a resumed run goes on from: dataset, checkpoint, best weights,
// snapshots, curves. NotFound or DataLoss names what is missing or damaged and
// says what to do; FailedPrecondition names what was trained on other data or
// with other settings. Ballots are not looked at but for being there.
absl::Status CheckResumeFiles(const RunFolder& folder, const RunRecord& record,
                              const RunOptions& options);

// Every row of the curves in `folder` but the last, which a kill may have cut:
// DataLoss for one that is none, NotFound for no file after `step` steps.
absl::Status CheckMetrics(const RunFolder& folder, int64_t step);

}  // namespace arctrm
