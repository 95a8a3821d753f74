// SPDX-License-Identifier: MIT
#include "base/compress.h"

#include <zstd.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(Zstd, ASizeThatNoFrameOfThatLengthHasIsNotBelieved) {
  std::string frame = ZstdCompress(std::string(1 << 20, 'x'));
  // Magic number, descriptor (size in 4 bytes), then the size.
  ASSERT_EQ(static_cast<unsigned char>(frame[4]) >> 6, 2);
  frame[8] = 0x70;
  const auto text = ZstdDecompress(frame, int64_t{1} << 40);
  EXPECT_EQ(text.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(
      ZstdDecompress(ZstdCompress(std::string(1 << 20, 'x')), 1 << 20)->size(),
      size_t{1} << 20);
}

constexpr int64_t kRoomy = 1 << 20;

// Half compressible text, half noise.
std::string Sample() {
  std::string bytes;
  for (int i = 0; i < 40; ++i) bytes += "grid 0 1 2 3 4 5 6 7 8 9 ";
  Random random(1, "compress");
  for (int i = 0; i < 300; ++i) {
    bytes.push_back(static_cast<char>(random.Below(256)));
  }
  return bytes;
}

bool IsDataLoss(const absl::StatusOr<std::string>& bytes) {
  return bytes.status().code() == absl::StatusCode::kDataLoss;
}

TEST(Zstd, RoundTripAtEveryLevel) {
  const std::string bytes = Sample();
  for (int level = 1; level <= 19; ++level) {
    const auto back = ZstdDecompress(ZstdCompress(bytes, level), kRoomy);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, bytes);
  }
  for (const size_t size : {0, 1, 2, 1000, 300000}) {
    const std::string zeros(size, '\0');
    const std::string frame = ZstdCompress(zeros);
    EXPECT_LT(frame.size(), 100U);
    const auto back = ZstdDecompress(frame, kRoomy);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, zeros);
  }
}

TEST(Zstd, SameBytesGiveTheSameFrame) {
  EXPECT_EQ(ZstdCompress(Sample()), ZstdCompress(Sample()));
}

TEST(Zstd, TruncationAtEveryByteIsDataLoss) {
  const std::string frame = ZstdCompress(Sample());
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame.substr(0, size), kRoomy)))
        << size;
  }
}

TEST(Zstd, AFlippedBitIsDataLossOrChangesNothing) {
  const std::string bytes = Sample();
  const std::string frame = ZstdCompress(bytes);
  size_t harmless = 0;
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto back = ZstdDecompress(damaged, kRoomy);
    if (!back.ok()) {
      EXPECT_TRUE(IsDataLoss(back)) << back.status();
      continue;
    }
    EXPECT_EQ(*back, bytes) << "bit " << bit;
    ++harmless;
  }
  // Decoders ignore a few bits of the format.
  EXPECT_LT(harmless, 8U);
}

TEST(Zstd, AnythingAfterTheFrameIsDataLoss) {
  const std::string frame = ZstdCompress(Sample());
  EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame + "x", kRoomy)));
  EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame + frame, kRoomy)));
}

TEST(Zstd, OtherContentIsDataLoss) {
  EXPECT_TRUE(IsDataLoss(ZstdDecompress("", kRoomy)));
  EXPECT_TRUE(IsDataLoss(ZstdDecompress("{\"train\": []}", kRoomy)));
  // A skippable frame of four bytes: whole, but without content.
  const char skippable[] =
      "\x50\x2a\x4d\x18\x04\x00\x00\x00"
      "abcd";
  EXPECT_TRUE(
      IsDataLoss(ZstdDecompress({skippable, sizeof(skippable) - 1}, kRoomy)));
}

TEST(Zstd, ContentLargerThanAllowedIsDataLoss) {
  const std::string bytes(1000, 'a');
  const std::string frame = ZstdCompress(bytes);
  EXPECT_TRUE(ZstdDecompress(frame, 1000).ok());
  const auto refused = ZstdDecompress(frame, 999);
  EXPECT_TRUE(IsDataLoss(refused));
  EXPECT_NE(refused.status().message().find("1000"), absl::string_view::npos);
  EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame, 0)));
  EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame, -1)));
}

TEST(Zstd, AClaimOfManyGigabytesIsRefusedWithoutAllocating) {
  std::string frame = ZstdCompress(std::string(70000, 'a'));
  // Frame header: magic (4), descriptor, window or size. This one holds the
  // size in four bytes; all ones claim 4 GiB.
  ASSERT_EQ(static_cast<unsigned char>(frame[4]) >> 6, 2);
  ASSERT_NE(static_cast<unsigned char>(frame[4]) & 0x20, 0);
  for (size_t i = 5; i < 9; ++i) frame[i] = '\xff';
  ASSERT_EQ(ZSTD_getFrameContentSize(frame.data(), frame.size()), 0xffffffffU);
  EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame, kRoomy)));
}

TEST(Zstd, AFrameThatDoesNotSayItsSizeIsDataLoss) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  const std::string bytes = Sample();
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), bytes.data(),
                              bytes.size()));
  ZSTD_freeCCtx(context);
  EXPECT_TRUE(IsDataLoss(ZstdDecompress(frame, kRoomy)));
}

}  // namespace
}  // namespace arctrm
