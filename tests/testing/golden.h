// SPDX-License-Identifier: MIT
// Reference numbers committed under tests/golden, see the README there.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "base/compress.h"
#include "base/files.h"
#include "gtest/gtest.h"
#include "tests/testing/test_data.h"

namespace arctrm {

// The text of `name`, e.g. "augment.json.zst". A missing or damaged file fails
// the test; the answer is then "".
inline std::string ReadGolden(absl::string_view name) {
  constexpr int64_t kMaxBytes = int64_t{64} << 20;
  const auto frame = ReadFile(TestData(name));
  if (!frame.ok()) {
    ADD_FAILURE() << frame.status();
    return "";
  }
  const auto text = ZstdDecompress(*frame, kMaxBytes);
  if (!text.ok()) {
    ADD_FAILURE() << name << ": " << text.status();
    return "";
  }
  return *text;
}

}  // namespace arctrm
