// SPDX-License-Identifier: MIT
#include "solver/checkpoint/zip.h"

#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/solver/torch_file.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;

constexpr int64_t kMaxBytes = 1 << 20;

std::string Message(const std::string& bytes, const std::string& name) {
  const auto zip = ZipFile::Open(BytesOf(bytes));
  if (!zip.ok()) return std::string(zip.status().message());
  const ZipMember* member = zip->Find(name);
  if (member == nullptr) return "no member";
  const auto content = zip->Read(*member, kMaxBytes);
  return content.ok() ? *content : std::string(content.status().message());
}

std::string Two() {
  return TorchFile::ZipOf({{"a", "first"}, {"b", "second"}}, "");
}

// One deflated member "a" with 1000 "x".
std::string Deflated() {
  const std::string text(1000, 'x');
  std::string packed(100, '\0');
  z_stream stream = {};
  EXPECT_EQ(
      deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
      Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = 1000;
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = 100;
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  std::string zip = TorchFile::ZipOf({{"a", packed}}, "");
  const auto crc =
      crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
  const size_t central = zip.find("PK\x01\x02");
  zip[8] = zip[central + 10] = 8;
  for (const size_t at : {size_t{14}, central + 16}) {
    zip.replace(at, 4, LittleEndian(crc, 4));
    zip.replace(at + 8, 4, LittleEndian(1000, 4));
  }
  return zip;
}

TEST(Zip, ReadsStoredAndDeflatedMembers) {
  EXPECT_EQ(Message(Two(), "a"), "first");
  EXPECT_EQ(Message(Two(), "b"), "second");
  EXPECT_EQ(Message(Two(), "c"), "no member");
  EXPECT_EQ(Message(Deflated(), "a"), std::string(1000, 'x'));
}

TEST(Zip, AFlippedBitOfAMemberIsFound) {
  const std::string whole = Two();
  const size_t first = whole.find("first");
  for (size_t i = 0; i < 5 * 8; ++i) {
    std::string damaged = whole;
    damaged[first + i / 8] ^= static_cast<char>(1 << (i % 8));
    EXPECT_THAT(Message(damaged, "a"), HasSubstr("CRC-32"));
    EXPECT_EQ(Message(damaged, "b"), "second");
  }
  // Damage in the directory entry: name, sum, sizes, offset.
  const size_t central = whole.find("PK\x01\x02");
  for (const size_t at : {10, 16, 20, 24, 28, 42, 46}) {
    std::string damaged = whole;
    damaged[central + at] ^= 2;
    EXPECT_NE(Message(damaged, "a"), "first") << at;
  }
  std::string bad_packing = Deflated();
  bad_packing[31] ^= 4;
  EXPECT_THAT(Message(bad_packing, "a"), HasSubstr("damaged zip archive"));
}

TEST(Zip, ACutFileSaysSo) {
  const std::string whole = Two();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(Message(whole.substr(0, size), "a"),
                HasSubstr("before its directory"))
        << size;
  }
  EXPECT_EQ(Message(whole + "x", "a").substr(0, 11), "damaged zip");
}

TEST(Zip, NamesOnceAndNoOverlap) {
  EXPECT_THAT(Message(TorchFile::ZipOf({{"a", "1"}, {"a", "2"}}, ""), "a"),
              HasSubstr("a is listed twice"));
  // Every member claims the whole file.
  std::string bomb = Two();
  for (size_t at = bomb.find("PK\x01\x02"); at != std::string::npos;
       at = bomb.find("PK\x01\x02", at + 4)) {
    bomb.replace(at + 20, 4, LittleEndian(bomb.size() - 60, 4));
  }
  EXPECT_THAT(Message(bomb, "a"), HasSubstr("damaged"));
}

// 64-bit sizes and offsets, which torch.save writes above 4 GiB.
TEST(Zip, ReadsZip64) {
  const std::string name = "a";
  const std::string bytes = "large";
  const auto crc =
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  const std::string extra = LittleEndian(1, 2) + LittleEndian(24, 2) +
                            LittleEndian(5, 8) + LittleEndian(5, 8) +
                            LittleEndian(0, 8);
  std::string zip = "PK\x03\x04" + LittleEndian(45, 2) + LittleEndian(8, 2) +
                    LittleEndian(0, 6) + LittleEndian(0, 12) +
                    LittleEndian(1, 2) + LittleEndian(0, 2) + name + bytes;
  const size_t directory = zip.size();
  zip += "PK\x01\x02" + LittleEndian(0, 2) + LittleEndian(45, 2) +
         LittleEndian(8, 2) + LittleEndian(0, 6) + LittleEndian(crc, 4) +
         LittleEndian(0xffffffff, 4) + LittleEndian(0xffffffff, 4) +
         LittleEndian(1, 2) + LittleEndian(extra.size(), 2) +
         LittleEndian(0, 10) + LittleEndian(0xffffffff, 4) + name + extra;
  const size_t size = zip.size() - directory;
  const size_t end64 = zip.size();
  zip += "PK\x06\x06" + LittleEndian(44, 8) + LittleEndian(0, 12) +
         LittleEndian(1, 8) + LittleEndian(1, 8) + LittleEndian(size, 8) +
         LittleEndian(directory, 8);
  zip += "PK\x06\x07" + LittleEndian(0, 4) + LittleEndian(end64, 8) +
         LittleEndian(1, 4);
  zip += "PK\x05\x06" + LittleEndian(0, 4) + LittleEndian(0xffff, 2) +
         LittleEndian(0xffff, 2) + LittleEndian(0xffffffff, 4) +
         LittleEndian(0xffffffff, 4) + LittleEndian(0, 2);
  EXPECT_EQ(Message(zip, "a"), "large");
}

TEST(Zip, AnyChangedByteIsAnErrorOrAnotherMember) {
  const std::string whole = Two() + "";
  Random random(1, "test");
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = i % 2 == 0 ? whole : Deflated();
    for (int n = random.Between(1, 3); n > 0; --n) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
    }
    (void)Message(bytes, "a");
  }
}

}  // namespace
}  // namespace arctrm::internal
