// SPDX-License-Identifier: MIT
// Checks whether a training can be resumed from its checkpoint. Free of
// LibTorch.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "augment/dataset.h"
#include "solver/train.h"

namespace arctrm {

// SHA-256 of all parts of a dataset that affect a training.
std::string DatasetFingerprint(const Dataset& dataset);

// "SHA-256 0123456789abcdef", or "not given" for "".
std::string ShownFingerprint(const std::string& fingerprint);

// FailedPrecondition: `what` was `before` and is `now`, with advice.
absl::Status ChangedSince(absl::string_view where, absl::string_view what,
                          absl::string_view before, absl::string_view now);

// Does the resume state in request.spec.out belong to the training `request`,
// which needs `resume` and a dataset? FailedPrecondition names the first
// difference of settings, seed, start weights and dataset, with both values;
// NotFound and DataLoss for an unreadable state. States of earlier versions
// lack some of these: request.hooks.log then lists the skipped comparisons.
absl::Status CheckResume(const TrainRequest& request);

}  // namespace arctrm
