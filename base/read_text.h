// SPDX-License-Identifier: MIT
// Reads text files, plain or packed with gzip or zstd.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Maximum size of an unpacked file: 4 GiB or half of the memory that is free
// now, whichever is less.
int64_t MostUnpackedBytes();

// Unpacks all members or frames if the content of `bytes` is gzip or zstd, else
// returns `bytes`. InvalidArgument, without a path, for data that is truncated,
// damaged or followed by other data, and when the output exceeds `max_bytes`.
absl::StatusOr<std::string> Unpack(std::string bytes, int64_t max_bytes);

// Removes the extension ".gz", ".gzip", ".zst" or ".zstd", in upper or lower
// case.
absl::string_view WithoutPacking(absl::string_view path);

// Reads a file and unpacks it, even if it was packed twice. Keeps a UTF-8
// byte-order mark. An empty file gives "". InvalidArgument, with the path, if
// the content is not text (CheckIsText) or Unpack fails; otherwise errors of
// ReadFile.
absl::StatusOr<std::string> ReadTextFile(absl::string_view path);

}  // namespace arctrm
