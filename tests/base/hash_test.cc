// SPDX-License-Identifier: MIT
#include "base/hash.h"

#include <string>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

// FIPS 180-4 examples and the test vectors of its validation programme.
TEST(Sha256, KnownVectors) {
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Covers all lengths around the padding limits 55, 56, 63, 64, 119, 120 … by
// the hash of the concatenated hashes, computed with Python's hashlib.
TEST(Sha256, EveryLengthUpTo299) {
  std::string all;
  for (size_t length = 0; length < 300; ++length) {
    all += Sha256Hex(std::string(length, 'x'));
  }
  EXPECT_EQ(Sha256Hex(all),
            "3d495ac8356e73941898cd69a28db2416d82a39572f771b3306e99afe7e013e0");
}

TEST(Sha256, BytesAboveAsciiCount) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i * 7));
  EXPECT_EQ(Sha256Hex(bytes),
            "89f4ff56a25dd1db06a4ce6033603775d705fb96f30f8693733fef602a1ca532");
}

TEST(Sha256, PrefixIsTheFirstEightBytes) {
  EXPECT_EQ(Sha256Prefix("abc"), 0xba7816bf8f01cfeaU);
  EXPECT_EQ(Sha256("abc")[0], 0xba);
  EXPECT_EQ(Sha256("abc")[31], 0xad);
}

TEST(Sha256, ATextCarriesItsOwn) {
  const std::string blank =
      "{\n \"a\": 1,\n \"self_sha256\": \"" + std::string(64, '0') + "\"\n}\n";
  const std::string text = WithSelfSha256(blank);
  const std::string hex = text.substr(text.size() - 68, 64);
  EXPECT_EQ(hex, Sha256Hex(blank));
  EXPECT_TRUE(SelfSha256Holds(text, hex));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] ^= 1;
    EXPECT_FALSE(SelfSha256Holds(damaged, damaged.substr(text.size() - 68, 64)))
        << i;
  }
  EXPECT_FALSE(SelfSha256Holds(text, ""));
}

}  // namespace
}  // namespace arctrm
