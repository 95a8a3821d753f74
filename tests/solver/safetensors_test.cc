// SPDX-License-Identifier: MIT
#include "solver/checkpoint/safetensors.h"

#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

std::string Bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(float)};
}

std::string Small() {
  const std::string a = Bytes({1, 2, 3, 4, 5, 6});
  const std::string b = Bytes({7});
  return SafetensorsBytes({{"a", "F32", {2, 3}, a}, {"b", "F32", {}, b}},
                          {{"key", "a \"value\""}});
}

TEST(Safetensors, ComesBackTheSame) {
  const auto file = SafetensorsFile::Parse(Small(), "x");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_NE(file->Find("a"), nullptr);
  EXPECT_EQ(file->Find("a")->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::string(file->Find("a")->bytes), Bytes({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(std::string(file->Find("b")->bytes), Bytes({7}));
  EXPECT_EQ(file->metadata().at("key"), "a \"value\"");
  EXPECT_EQ(file->Find("c"), nullptr);
}

TEST(Safetensors, HeaderIsAlignedToEightBytes) {
  const std::string bytes = Small();
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
}

TEST(Safetensors, EveryTruncationIsDataLoss) {
  const std::string whole = Small();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto file = SafetensorsFile::Parse(whole.substr(0, size), "x");
    EXPECT_EQ(file.status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(SafetensorsFile::Parse(whole + "!", "x").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(Safetensors, RandomDamageNeverCrashes) {
  const std::string whole = Small();
  Random random(1, "damage");
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    damaged[random.Below(damaged.size())] =
        static_cast<char>(random.Below(256));
    refused += !SafetensorsFile::Parse(damaged, "x").ok();
  }
  EXPECT_GT(refused, 100);
}

TEST(Safetensors, ImpossibleClaimsAreDataLoss) {
  for (const std::string& header : std::vector<std::string>{
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
           R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
           R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],)"
           R"("data_offsets":[0,4]}})",
           R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})",
           R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,400]}})",
           R"([1,2])", R"({"a":5})"}) {
    std::string bytes(8, '\0');
    const uint64_t size = header.size();
    std::memcpy(bytes.data(), &size, 8);
    bytes += header + std::string(4, '\0');
    EXPECT_EQ(SafetensorsFile::Parse(bytes, "x").status().code(),
              absl::StatusCode::kDataLoss)
        << header;
  }
}

}  // namespace
}  // namespace arctrm::internal
