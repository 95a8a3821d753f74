// SPDX-License-Identifier: MIT
#include "base/options.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using testing::HasSubstr;

struct Settings {
  int steps = 400;
  double learning_rate = 1e-4;
  bool ema = true;
  std::string device = "auto";
  std::string name = "a b";
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    set_.Add("train.steps", &settings_.steps, "optimiser steps", 1, 1000000);
    set_.Add("train.learning_rate", &settings_.learning_rate, "peak rate", 0,
             1);
    set_.Add("train.ema", &settings_.ema, "average the weights");
    set_.Add("device", &settings_.device, "where to compute",
             {"auto", "cpu", "cuda"});
    set_.Add("name", &settings_.name, "any text", {});
  }

  std::string Error(absl::string_view key, absl::string_view value) {
    const absl::Status status = set_.Set(key, value);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << key << "=" << value;
    return std::string(status.message());
  }

  Settings settings_;
  OptionSet set_;
};

TEST_F(OptionsTest, SetWritesTheFields) {
  ASSERT_TRUE(set_.Set("train.steps", "12").ok());
  ASSERT_TRUE(set_.Set("train.learning_rate", "3e-5").ok());
  ASSERT_TRUE(set_.Set("train.ema", "false").ok());
  ASSERT_TRUE(set_.Set("device", "cpu").ok());
  ASSERT_TRUE(set_.Set("name", "").ok());
  EXPECT_EQ(settings_.steps, 12);
  EXPECT_EQ(settings_.learning_rate, 3e-5);
  EXPECT_FALSE(settings_.ema);
  EXPECT_EQ(settings_.device, "cpu");
  EXPECT_EQ(settings_.name, "");
}

TEST_F(OptionsTest, BothEndsOfARangeAreAllowed) {
  EXPECT_TRUE(set_.Set("train.steps", "1").ok());
  EXPECT_TRUE(set_.Set("train.steps", "1000000").ok());
  EXPECT_TRUE(set_.Set("train.learning_rate", "0").ok());
  EXPECT_TRUE(set_.Set("train.learning_rate", "1").ok());
}

TEST_F(OptionsTest, WrongValuesNameTheRangeAndChangeNothing) {
  for (const char* value : {"0", "1000001", "-1", "1.5", "ten", "", "1e3",
                            "99999999999999999999", "0x10"}) {
    EXPECT_THAT(Error("train.steps", value), HasSubstr("1 to 1000000"))
        << value;
  }
  for (const char* value : {"-0.1", "1.01", "nan", "inf", "-inf", "fast", ""}) {
    EXPECT_THAT(Error("train.learning_rate", value), HasSubstr("0 to 1"))
        << value;
  }
  EXPECT_THAT(Error("train.ema", "maybe"), HasSubstr("true or false"));
  EXPECT_THAT(Error("device", "gpu"), HasSubstr("auto, cpu, cuda"));
  EXPECT_THAT(Error("device", "gpu"), HasSubstr("gpu"));
  EXPECT_EQ(settings_.steps, 400);
  EXPECT_EQ(settings_.learning_rate, 1e-4);
  EXPECT_TRUE(settings_.ema);
  EXPECT_EQ(settings_.device, "auto");
}

TEST_F(OptionsTest, AnUnknownKeyNamesTheNearest) {
  EXPECT_THAT(Error("train.step", "1"), HasSubstr("train.steps?"));
  EXPECT_THAT(Error("train.learning-rate", "1"),
              HasSubstr("train.learning_rate?"));
  EXPECT_THAT(Error("learning_rate", "1"), HasSubstr("train.learning_rate?"));
  EXPECT_THAT(Error("devise", "cpu"), HasSubstr("device?"));
  EXPECT_THAT(Error("something.else", "1"),
              testing::Not(HasSubstr("did you mean")));
  EXPECT_THAT(Error("", "1"), HasSubstr("unknown option"));
}

TEST_F(OptionsTest, AnAliasSetsThePresentKeyAndStaysUnlisted) {
  set_.AddAlias("where", "device", {{"processor", "cpu"}});
  ASSERT_TRUE(set_.Set("where", "processor").ok());
  EXPECT_EQ(settings_.device, "cpu");
  ASSERT_TRUE(set_.Set("where", "cuda").ok());
  EXPECT_EQ(settings_.device, "cuda");
  // An old value is readable under the old key alone.
  EXPECT_THAT(Error("device", "processor"), HasSubstr("auto, cpu, cuda"));
  EXPECT_THAT(Error("where", "nowhere"), HasSubstr("device = nowhere"));
  EXPECT_EQ(set_.Resolve("where", "processor"),
            std::make_pair(std::string("device"), std::string("cpu")));
  EXPECT_EQ(set_.Resolve("name", "processor"),
            std::make_pair(std::string("name"), std::string("processor")));
  EXPECT_EQ(set_.Items().size(), 5U);
}

TEST_F(OptionsTest, ItemsShowValueDefaultAndRangeInOrder) {
  ASSERT_TRUE(set_.Set("train.learning_rate", "0.25").ok());
  const std::vector<OptionSet::Item> items = set_.Items();
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].key, "train.steps");
  EXPECT_EQ(items[0].value, "400");
  EXPECT_EQ(items[0].help, "optimiser steps");
  EXPECT_EQ(items[1].key, "train.learning_rate");
  EXPECT_EQ(items[1].value, "0.25");
  EXPECT_EQ(items[1].default_value, "1e-04");
  EXPECT_EQ(items[1].range, "0 to 1");
  EXPECT_EQ(items[2].value, "true");
  EXPECT_EQ(items[2].range, "true or false");
  EXPECT_EQ(items[3].range, "auto, cpu, cuda");
  EXPECT_EQ(items[4].value, "a b");
  EXPECT_EQ(items[4].range, "");
}

TEST_F(OptionsTest, DoublesRoundTripAsShortText) {
  for (const double value : {0.1, 1.0 / 3, 1e-4, 3e-5, 0.9999, 5e-324,
                             std::numeric_limits<double>::epsilon()}) {
    settings_.learning_rate = value;
    const std::string text = set_.Items()[1].value;
    settings_.learning_rate = 0.5;
    ASSERT_TRUE(set_.Set("train.learning_rate", text).ok()) << text;
    EXPECT_EQ(settings_.learning_rate, value) << text;
  }
  settings_.learning_rate = 0.1;
  EXPECT_EQ(set_.Items()[1].value, "0.1");
}

TEST_F(OptionsTest, DeathOnAKeyAddedTwice) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(set_.Add("name", &settings_.name, "again", {}), "options");
}

}  // namespace
}  // namespace arctrm
