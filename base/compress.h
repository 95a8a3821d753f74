// SPDX-License-Identifier: MIT
// zstd frames with content checksum, and unpacking of files that others made.
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

// All members of a gzip file or frames of a zstd file in a row, checksums
// compared; zeros after them are padding. InvalidArgument for truncated or
// damaged data, for something else after it, and as soon as more than
// `max_bytes` come out.
absl::StatusOr<std::string> GzipUnpack(absl::string_view bytes,
                                       int64_t max_bytes);
absl::StatusOr<std::string> ZstdUnpack(absl::string_view bytes,
                                       int64_t max_bytes);

}  // namespace arctrm
