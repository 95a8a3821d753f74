// SPDX-License-Identifier: MIT
// Text files as people have them: plain, or packed with gzip or zstd.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Most bytes that a packed file may unpack to: 4 GiB, or half of the memory
// that is free at the time where that is less.
int64_t MostUnpackedBytes();

// `bytes` as they stand, or, where their content (not a name) is gzip or zstd,
// what is packed in them: all members or frames, each checked. InvalidArgument,
// without a path, for data that is truncated, damaged or followed by something
// else, and when more than `max_bytes` come out.
absl::StatusOr<std::string> Unpack(std::string bytes, int64_t max_bytes);

// `path` without ".gz", ".gzip", ".zst" or ".zstd" behind it, in capitals or
// not.
absl::string_view WithoutPacking(absl::string_view path);

// The whole file, unpacked, also where it was packed twice. A byte-order mark
// of UTF-8 stays. InvalidArgument, with the path once, for what is not text
// (CheckIsText) and what Unpack refuses; else as ReadFile. An empty file gives
// "".
absl::StatusOr<std::string> ReadTextFile(absl::string_view path);

}  // namespace arctrm
