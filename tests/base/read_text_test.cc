// SPDX-License-Identifier: MIT
#include "base/read_text.h"

#include <zlib.h>
#include <zstd.h>

#include <string>

#include "base/compress.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/gzip.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kRoomy = 1 << 20;

// More than one chunk of the decoders.
std::string LongText() {
  std::string text;
  for (int64_t i = 0; i < 60000; ++i) text += std::to_string(i * i) + "\n";
  return text;
}

void ExpectRefused(const absl::StatusOr<std::string>& bytes,
                   const std::string& says) {
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bytes.status().message()), HasSubstr(says));
}

TEST(Unpack, PlainBytesStayAsTheyAre) {
  for (const std::string bytes : {"", "x", "{\"a\": 1}"}) {
    EXPECT_EQ(Unpack(bytes, 0).value(), bytes);
  }
}

TEST(Unpack, GzipAndZstdWholeAndInParts) {
  const std::string text = LongText();
  EXPECT_EQ(Unpack(Gzip(text), kRoomy).value(), text);
  EXPECT_EQ(Unpack(Gzip(""), 0).value(), "");
  EXPECT_EQ(Unpack(ZstdCompress(text), kRoomy).value(), text);
  EXPECT_EQ(Unpack(Gzip("ab") + Gzip("") + Gzip("cd"), 4).value(), "abcd");
  EXPECT_EQ(Unpack(ZstdCompress("ab") + ZstdCompress("cd"), 4).value(), "abcd");
}

TEST(Unpack, ZerosBehindArePadding) {
  const std::string zeros(600, '\0');
  EXPECT_EQ(Unpack(Gzip("ab") + zeros, kRoomy).value(), "ab");
  EXPECT_EQ(Unpack(ZstdCompress("ab") + zeros, kRoomy).value(), "ab");
}

TEST(Unpack, AZstdStreamThatDoesNotSayItsSize) {
  const std::string text = LongText();
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), text.data(),
                              text.size()));
  ZSTD_freeCCtx(context);
  EXPECT_EQ(Unpack(frame, kRoomy).value(), text);
}

TEST(Unpack, TruncationAtEveryByteIsRefused) {
  for (const std::string& packed : {Gzip("some text"), ZstdCompress("text")}) {
    for (size_t size = 4; size < packed.size(); ++size) {
      ExpectRefused(Unpack(packed.substr(0, size), kRoomy), "truncated");
    }
  }
}

TEST(Unpack, AFlippedBitNeverGivesOtherBytes) {
  const std::string text = "0123456789 some text 0123456789";
  const std::string packed = Gzip(text);
  for (size_t bit = 16; bit < packed.size() * 8; ++bit) {
    std::string damaged = packed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto back = Unpack(damaged, kRoomy);
    EXPECT_TRUE(!back.ok() || *back == text) << bit;
  }
}

TEST(Unpack, SomethingElseBehindIsRefused) {
  ExpectRefused(Unpack(Gzip("ab") + "x", kRoomy), "something else follows");
  ExpectRefused(Unpack(ZstdCompress("ab") + "xxxx", kRoomy), "damaged");
}

TEST(Unpack, MoreThanAllowedIsRefusedBeforeItIsMade) {
  const std::string zeros(100 << 20, '\0');
  ExpectRefused(Unpack(Gzip(zeros), kRoomy), "more than 1048576 bytes");
  ExpectRefused(Unpack(ZstdCompress(zeros), kRoomy), "more than 1048576 bytes");
  EXPECT_TRUE(Unpack(Gzip("abcd"), 4).ok());
  ExpectRefused(Unpack(Gzip("abcd"), 3), "more than 3 bytes");
}

TEST(ReadTextFile, IsUnpackedByContentNotByName) {
  const ScratchFolder dir;
  const std::string text = "{\"a\": 1}\n";
  // Some downloads are packed twice.
  for (const std::string& bytes :
       {text, Gzip(text), ZstdCompress(text), Gzip(Gzip(text)),
        Gzip(ZstdCompress(text)), ZstdCompress(text) + ZstdCompress("")}) {
    ASSERT_TRUE(WriteFileAtomically(dir("x.json"), bytes).ok());
    EXPECT_EQ(ReadTextFile(dir("x.json")).value(), text);
  }
  EXPECT_EQ(ReadTextFile(dir("absent")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ReadTextFile, OtherKindsAreNamedAfterThePath) {
  const ScratchFolder dir;
  const std::string path = dir("x.json.gz");
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\nsize 7\n";
  for (const std::string& bytes : {pointer, Gzip(pointer)}) {
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
    const auto text = ReadTextFile(path);
    ExpectRefused(text, "a git-lfs pointer, not the file itself (7 bytes)");
    EXPECT_THAT(std::string(text.status().message()), StartsWith(path + ": "));
    EXPECT_EQ(text.status().message().find(path, 1), absl::string_view::npos);
  }
  ASSERT_TRUE(WriteFileAtomically(path, Gzip(Gzip(Gzip("text")))).ok());
  ExpectRefused(ReadTextFile(path), "packed in it: gzip data: unpack it first");
  ASSERT_TRUE(WriteFileAtomically(path, Gzip("text").substr(0, 15)).ok());
  ExpectRefused(ReadTextFile(path), "gzip data: it ends too early");
}

}  // namespace
}  // namespace arctrm
