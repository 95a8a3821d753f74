// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) for checksums and for the identity of grids and tasks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace arctrm {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(absl::string_view bytes);
// Lower-case hexadecimal, 64 characters.
std::string Sha256Hex(absl::string_view bytes);
// First 8 bytes of the digest, big-endian: short content keys.
uint64_t Sha256Prefix(absl::string_view bytes);

// A JSON file may carry its own checksum: the member kSelfSha256 holds the
// SHA-256 of the text in which these digits are 64 zeros.
inline constexpr char kSelfSha256[] = "self_sha256";
inline constexpr size_t kSha256Digits = 64;
// Puts the checksum into `text`, which has 64 zeros as the value of that
// member, written `"key": "value"`.
std::string WithSelfSha256(std::string text);
// Is `hex`, the value of the member, the right checksum of `text`?
bool SelfSha256Holds(absl::string_view text, absl::string_view hex);

}  // namespace arctrm
