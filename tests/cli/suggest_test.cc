// SPDX-License-Identifier: MIT
#include "cli/suggest.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace arctrm {
namespace {

const std::vector<std::string> kCommands = {"run",      "train", "predict",
                                            "validate", "vote",  "score"};

TEST(Suggest, FindsTheNearestWord) {
  EXPECT_EQ(Suggest("vlaidate", kCommands), "validate");
  EXPECT_EQ(Suggest("valdate", kCommands), "validate");
  EXPECT_EQ(Suggest("validatte", kCommands), "validate");
  EXPECT_EQ(Suggest("trian", kCommands), "train");
  EXPECT_EQ(Suggest("votes", kCommands), "vote");
  EXPECT_EQ(Suggest("rum", kCommands), "run");
}

TEST(Suggest, AcceptsBeginnings) {
  EXPECT_EQ(Suggest("pre", kCommands), "predict");
  EXPECT_EQ(Suggest("va", kCommands), "validate");
}

TEST(Suggest, ReturnsNothingIfNoWordIsNear) {
  EXPECT_EQ(Suggest("augment", kCommands), "");
  EXPECT_EQ(Suggest("", kCommands), "");
  EXPECT_EQ(Suggest("xx", kCommands), "");
  EXPECT_EQ(Suggest("abc", kCommands), "");
  EXPECT_EQ(Suggest("train", {}), "");
  EXPECT_EQ(Suggest(std::string(100000, 'v'), kCommands), "");
}

}  // namespace
}  // namespace arctrm
