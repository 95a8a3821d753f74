// SPDX-License-Identifier: MIT
// May a training go on from what it saved? No Torch here.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "augment/dataset.h"
#include "solver/train.h"

namespace arctrm {

// SHA-256 of all that a training takes from a dataset.
std::string DatasetFingerprint(const Dataset& dataset);

// "SHA-256 0123456789abcdef", or "not given" for "".
std::string ShownFingerprint(const std::string& fingerprint);

// FailedPrecondition: `what` was `before` and is `now`, and what to do.
absl::Status ChangedSince(absl::string_view where, absl::string_view what,
                          absl::string_view before, absl::string_view now);

// Is `request`, which has `resume` and a dataset, the training whose state lies
// in request.spec.out? FailedPrecondition names the first of settings, seed,
// start weights and dataset that differs, with both values; NotFound and
// DataLoss as reading it says. States of earlier versions don't hold all of
// that: a line of request.hooks.log says what could not be compared.
absl::Status CheckResume(const TrainRequest& request);

}  // namespace arctrm
