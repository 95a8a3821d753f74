// SPDX-License-Identifier: MIT
// The status of memory that ran out, of the machine or of a device. It shares
// its code, ResourceExhausted, with a full disk, against which something else
// helps.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// `message` as it stands: what ran out, and what needs less.
absl::Status OutOfMemoryError(absl::string_view message);
// Was `status` made by OutOfMemoryError()? Also after Annotate(), and told by
// another process of the job.
bool IsOutOfMemory(const absl::Status& status);

}  // namespace arctrm
