// SPDX-License-Identifier: MIT
// Writes zstd frames with a content checksum; unpacks gzip and zstd files from
// other programs.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// One frame that records its content size and a checksum.
std::string ZstdCompress(absl::string_view bytes, int level = 6);
// DataLoss unless `frame` is exactly one whole frame with a right checksum and
// at most `max_bytes` of content (checked before memory of that size is
// allocated).
absl::StatusOr<std::string> ZstdDecompress(absl::string_view frame,
                                           int64_t max_bytes);

// Unpacks all members of a gzip file or frames of a zstd file and verifies
// their checksums. Zeros after them are padding. InvalidArgument for truncated
// or damaged data, for other data after it, and when the output exceeds
// `max_bytes`.
absl::StatusOr<std::string> GzipUnpack(absl::string_view bytes,
                                       int64_t max_bytes);
absl::StatusOr<std::string> ZstdUnpack(absl::string_view bytes,
                                       int64_t max_bytes);

}  // namespace arctrm
