// SPDX-License-Identifier: MIT
// Checks whether a run can be resumed: its inputs must not have changed, and
// its work folder must be complete and undamaged.
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

// SHA-256 of the inputs by option: "--challenges", "--solutions", "--train-on",
// "--checkpoint"; "" for an option that was not given.
absl::StatusOr<std::map<std::string, std::string>> FingerprintsOf(
    const RunInputs& inputs, const RunOptions& options);

// CheckpointFingerprint(); "" for "".
absl::StatusOr<std::string> FingerprintOfWeights(const std::string& checkpoint);

// FailedPrecondition names the first fingerprint or setting in which `before`
// and `now` differ, with both values. If `before` has no fingerprints, because
// an earlier version wrote it, `log` says that inputs were not compared.
absl::Status CheckSameInputs(const RunFolder& folder, const RunRecord& before,
                             const RunRecord& now, Log& log);

// Reads everything that a resumed run uses: dataset, checkpoint, best weights,
// snapshots, metrics. NotFound or DataLoss names the missing or damaged file
// and says what to do; FailedPrecondition names a file that was made from other
// data or with other settings. Of the ballots it only checks that they exist.
absl::Status CheckResumeFiles(const RunFolder& folder, const RunRecord& record,
                              const RunOptions& options);

// Checks the rows of metrics.jsonl in `folder`, but not the last one, which a
// kill may have cut. DataLoss for a damaged row; NotFound if there is no file
// after `step` > 0 steps.
absl::Status CheckMetrics(const RunFolder& folder, int64_t step);

}  // namespace arctrm
