// SPDX-License-Identifier: MIT
#include "base/random.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status.h"

namespace arctrm {

Random::Random(uint64_t seed, absl::string_view purpose) {
  const Sha256Digest digest =
      Sha256(absl::StrCat("arctrm/", seed, "/", purpose));
  for (size_t i = 0; i < state_.size(); ++i) {
    state_[i] = 0;
    for (size_t j = 0; j < 8; ++j) {
      state_[i] = state_[i] << 8 | digest[i * 8 + j];
    }
  }
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t n) {
  ARCTRM_CHECK(n > 0);
  // Reject numbers above the largest multiple of n, which would cause a bias.
  const uint64_t limit = ~uint64_t{0} - (~uint64_t{0} % n + 1) % n;
  uint64_t x = Next();
  while (x > limit) x = Next();
  return x % n;
}

double Random::Uniform() {
  return static_cast<double>(Next() >> 11) * 0x1.0p-53;
}

double Random::Normal() {
  const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
  return radius * std::cos(2 * M_PI * Uniform());
}

std::string Random::State() const {
  return absl::StrFormat("%016x%016x%016x%016x", state_[0], state_[1],
                         state_[2], state_[3]);
}

absl::Status Random::SetState(absl::string_view state) {
  std::array<uint64_t, 4> parts = {};
  // SimpleHexAtoi alone would also accept blanks and "0x".
  bool good = state.size() == 64 &&
              std::all_of(state.begin(), state.end(), absl::ascii_isxdigit);
  for (size_t i = 0; good && i < 4; ++i) {
    good = absl::SimpleHexAtoi(state.substr(i * 16, 16), &parts[i]);
  }
  if (!good || parts == std::array<uint64_t, 4>{}) {
    return absl::DataLossError(
        absl::StrCat("not a state of a random stream: \"", state, "\""));
  }
  state_ = parts;
  return absl::OkStatus();
}

}  // namespace arctrm
