// SPDX-License-Identifier: MIT
// The status for exhausted memory of the machine or of a device. It has a
// payload, since a full disk has the same code, ResourceExhausted, but another
// remedy.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// `message` says which memory is exhausted and how to need less.
absl::Status OutOfMemoryError(absl::string_view message);
// Was `status` made by OutOfMemoryError()? Also after Annotate(), and if
// another process of the run reported it.
bool IsOutOfMemory(const absl::Status& status);

}  // namespace arctrm
