// SPDX-License-Identifier: MIT
#include "pipeline/frames.h"

#include <unistd.h>

#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

TEST(Frames, GoThroughAPipeInOrderAndWhole) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string large(1 << 20, 'x');
  std::thread writer([&] {
    EXPECT_TRUE(SendFrame(ends[1], "{}").ok());
    EXPECT_TRUE(SendFrame(ends[1], "").ok());
    EXPECT_TRUE(SendFrame(ends[1], large).ok());
    close(ends[1]);
  });
  EXPECT_EQ(ReceiveFrame(ends[0]).value_or("?"), "{}");
  EXPECT_EQ(ReceiveFrame(ends[0]).value_or("?"), "");
  EXPECT_EQ(ReceiveFrame(ends[0]).value_or("?"), large);
  EXPECT_TRUE(absl::IsUnavailable(ReceiveFrame(ends[0]).status()));
  writer.join();
  close(ends[0]);
}

TEST(Frames, ACutOrAbsurdFrameIsAnError) {
  for (const std::string& bytes :
       {std::string("\x05\0\0\0ab", 6), std::string("\xff\xff\xff\xff", 4),
        std::string("\x01", 1)}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    ASSERT_EQ(write(ends[1], bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    close(ends[1]);
    EXPECT_FALSE(ReceiveFrame(ends[0]).ok());
    close(ends[0]);
  }
}

TEST(Frames, OnlyObjectsAreJsonFrames) {
  EXPECT_TRUE(ParseFrame("{\"a\": 1}").ok());
  for (const char* bad : {"", "[]", "{", "1", "{\"a\": }"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseFrame(bad).status())) << bad;
  }
}

TEST(Frames, AnErrorKeepsItsKindAndItsWords) {
  const absl::Status status = absl::ResourceExhaustedError("too \"large\"");
  const auto json = ParseFrame(ErrorFrame(status));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(ErrorOf(*json), status);
  EXPECT_TRUE(ErrorOf(*ParseFrame("{}")).ok());
  // Not even words: an error all the same.
  EXPECT_FALSE(ErrorOf(*ParseFrame("{\"error\": 7}")).ok());
}

TEST(Frames, StatisticsComeBackAsTheyWere) {
  TrainStats stats;
  stats.step = 7;
  stats.time_s = 1.25;
  stats.loss = 0.1;
  stats.lm_loss = std::numeric_limits<double>::quiet_NaN();
  stats.exact_accuracy = 0.5;
  stats.halted_rows = 12;
  stats.row_updates = 224;
  stats.held_out = HeldOutScore{0.25, 0.75};
  const auto json = ParseFrame(ToJson(stats).dump());
  ASSERT_TRUE(json.ok());
  const auto back = StatsOf(*json);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->step, 7);
  EXPECT_EQ(back->time_s, 1.25);
  EXPECT_EQ(back->loss, 0.1);
  EXPECT_TRUE(std::isnan(back->lm_loss));
  EXPECT_EQ(back->exact_accuracy, 0.5);
  EXPECT_EQ(back->halted_rows, 12);
  EXPECT_EQ(back->row_updates, 224);
  EXPECT_EQ(back->held_out, stats.held_out);
  EXPECT_TRUE(
      absl::IsDataLoss(StatsOf(*ParseFrame("{\"step\": \"seven\"}")).status()));
}

TEST(Frames, ResultsComeBackAsTheyWere) {
  TrainResult result;
  result.stop = TrainStop::kDiverged;
  result.steps = 9;
  result.time_s = 3;
  result.best = {0.5, 0.9};
  result.best_step = 4;
  const auto back = ResultOf(*ParseFrame(ToJson(result).dump()));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->stop, TrainStop::kDiverged);
  EXPECT_EQ(back->steps, 9);
  EXPECT_EQ(back->best, result.best);
  EXPECT_EQ(back->best_step, 4);
  EXPECT_FALSE(ResultOf(*ParseFrame("{\"stop\": 99}")).ok());
}

TEST(Frames, BatchesComeBackAndCutOnesAreRefused) {
  const std::vector<PredictorInput> inputs = {{{1, 2, 3}, 5}, {{0}, -1}};
  const std::string packed = PackInputs(inputs);
  const auto back = UnpackInputs(packed);
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ((*back)[0].tokens, inputs[0].tokens);
  EXPECT_EQ((*back)[0].puzzle_id, 5);
  EXPECT_EQ((*back)[1].puzzle_id, -1);
  std::vector<PredictorOutput> outputs(1);
  outputs[0].tokens = {9, 8};
  outputs[0].halt_logit = -0.5f;
  outputs[0].steps = 16;
  const std::string answers = PackOutputs(outputs);
  const auto answered = UnpackOutputs(answers);
  ASSERT_TRUE(answered.ok());
  EXPECT_EQ((*answered)[0].tokens, outputs[0].tokens);
  EXPECT_EQ((*answered)[0].halt_logit, -0.5f);
  EXPECT_EQ((*answered)[0].steps, 16);
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(UnpackInputs(packed.substr(0, size)).ok()) << size;
  }
  for (size_t size = 0; size < answers.size(); ++size) {
    EXPECT_FALSE(UnpackOutputs(answers.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(UnpackInputs(packed + "x").ok());
}

}  // namespace
}  // namespace arctrm
