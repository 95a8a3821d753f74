// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4): content identity of grids and tasks, checksums.
#pragma once

#include <array>
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

}  // namespace arctrm
