// SPDX-License-Identifier: MIT
// zstd frames with content checksum.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// One frame that records its content size and a checksum.
std::string ZstdCompress(absl::string_view bytes, int level = 6);
// DataLoss for anything that is not exactly one whole frame, for a wrong
// checksum, and for content larger than `max_bytes` (checked before any
// allocation of that size).
absl::StatusOr<std::string> ZstdDecompress(absl::string_view frame,
                                           int64_t max_bytes);

}  // namespace arctrm
