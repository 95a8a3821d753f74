// SPDX-License-Identifier: MIT
#include "pipeline/frames.h"

#include <unistd.h>

#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include "base/out_of_memory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/messages.h"

namespace arctrm {
namespace {

TEST(Frames, PassThroughAPipeWholeAndInOrder) {
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

TEST(Frames, CutFramesAndHugeLengthsAreErrors) {
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

TEST(Frames, ErrorsKeepTheirKindAndText) {
  const absl::Status status = absl::ResourceExhaustedError("too \"large\"");
  const auto json = ParseFrame(ErrorFrame(status));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(ErrorOf(*json), status);
  EXPECT_FALSE(IsOutOfMemory(ErrorOf(*json)));
  const absl::Status memory = OutOfMemoryError("of the device");
  EXPECT_EQ(ErrorOf(*ParseFrame(ErrorFrame(memory))), memory);
  EXPECT_TRUE(ErrorOf(*ParseFrame("{}")).ok());
  // An error without a text is still an error.
  EXPECT_FALSE(ErrorOf(*ParseFrame("{\"error\": 7}")).ok());
}

TEST(Frames, StatsRoundTrip) {
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

TEST(Frames, ResultsRoundTrip) {
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
  nlohmann::json unknown = ToJson(result);
  unknown["stop"] = 99;
  EXPECT_TRUE(absl::IsDataLoss(ResultOf(unknown).status()));
  for (const auto& [key, value] : unknown.items()) {
    nlohmann::json without = ToJson(result);
    without.erase(key);
    EXPECT_TRUE(absl::IsDataLoss(ResultOf(without).status())) << key;
  }
}

// A worker must train exactly what the run asked for.
TEST(Frames, SpecsRoundTrip) {
  TrainSpec spec;
  spec.model.hidden = 96;
  spec.model.arch = "hrm";
  spec.train.learning_rate = 0.1 + 0.2;
  spec.train.precision = "bf16";
  spec.device = {"cuda:1", 3};
  spec.seed = 12345678901234567890u;
  spec.run = "run";
  spec.checkpoint = "start";
  spec.out = "out";
  spec.spare_out = "spare";
  spec.best_out = "best";
  spec.keep_in_memory = true;
  spec.resume = true;
  spec.snapshots = 4;
  spec.max_steps = 5;
  spec.limits.end = Deadline(RealClock(), absl::Seconds(60));
  spec.expected_step_s = 0.125;
  const nlohmann::json json = *ParseFrame(ToJson(spec).dump());
  const auto back = TrainSpecOf(json);
  ASSERT_EQ(back.status(), absl::OkStatus());
  EXPECT_EQ(FirstDifference(back->model, spec.model), "");
  EXPECT_EQ(FirstDifference(back->train, spec.train), "");
  EXPECT_FALSE(back->limits.end.IsInfinite());
  EXPECT_TRUE(back->limits.abort.IsInfinite());
  // All other fields: equal JSON, in which no field of `spec` has its default.
  const nlohmann::json defaults = ToJson(TrainSpec());
  for (const auto& [key, value] : json.items()) {
    if (key == "limits") continue;
    EXPECT_EQ(ToJson(*back)[key], value) << key;
    EXPECT_NE(defaults[key], value) << key;
    nlohmann::json without = json;
    without.erase(key);
    EXPECT_TRUE(absl::IsDataLoss(TrainSpecOf(without).status())) << key;
  }
  nlohmann::json unknown = json;
  unknown["train"].push_back({"train.nonsense", "1"});
  EXPECT_TRUE(absl::IsInvalidArgument(TrainSpecOf(unknown).status()));
}

// Square rows with these sides; each row has one value in all cells.
std::vector<PredictorInput> Inputs(const std::vector<int>& sides) {
  std::vector<PredictorInput> inputs;
  for (const int side : sides) {
    const auto number = static_cast<uint8_t>(inputs.size());
    inputs.push_back(
        {std::vector<uint8_t>(static_cast<size_t>(side * side), number),
         number - 1});
  }
  return inputs;
}

std::vector<PredictorOutput> AnswersTo(
    const std::vector<PredictorInput>& inputs) {
  std::vector<PredictorOutput> outputs;
  for (const PredictorInput& input : inputs) {
    outputs.push_back(
        {input.tokens, static_cast<float>(input.embedding_id) / 2, 16});
    if (input.embedding_id % 2 == 0) {
      outputs.back().second.assign(input.tokens.rbegin(), input.tokens.rend());
    }
  }
  return outputs;
}

TEST(Frames, BatchesOfMixedSizesRoundTripAndCutOnesAreRefused) {
  std::vector<PredictorInput> inputs = Inputs({3, 1, 4, 3});
  inputs.push_back({std::vector<uint8_t>(8, 5), 9, 2});
  inputs.push_back({std::vector<uint8_t>(8, 6), 10, 4});
  const std::string packed = PackInputs(inputs);
  const auto back = UnpackInputs(packed, {4}, 4);
  ASSERT_EQ(back.status(), absl::OkStatus());
  ASSERT_EQ(back->size(), inputs.size());
  const std::string answers = PackOutputs(AnswersTo(inputs));
  const auto answered = UnpackOutputs(answers, inputs);
  ASSERT_EQ(answered.status(), absl::OkStatus());
  ASSERT_EQ(answered->size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ((*back)[i].tokens, inputs[i].tokens) << i;
    EXPECT_EQ((*back)[i].embedding_id, inputs[i].embedding_id) << i;
    EXPECT_EQ((*back)[i].cols, inputs[i].cols) << i;
    EXPECT_EQ((*answered)[i].tokens, inputs[i].tokens) << i;
    EXPECT_EQ((*answered)[i].halt_logit,
              static_cast<float>(inputs[i].embedding_id) / 2);
    EXPECT_EQ((*answered)[i].steps, 16);
    EXPECT_EQ((*answered)[i].second, AnswersTo(inputs)[i].second) << i;
  }
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_TRUE(
        absl::IsDataLoss(UnpackInputs(packed.substr(0, size), {4}, 4).status()))
        << size;
  }
  for (size_t size = 0; size < answers.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(
        UnpackOutputs(answers.substr(0, size), inputs).status()))
        << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(UnpackInputs(packed + "x", {4}, 4).status()));
  EXPECT_TRUE(absl::IsDataLoss(UnpackOutputs(answers + "x", inputs).status()));
}

TEST(Frames, RowsThatDoNotFitTheCanvasAreRefused) {
  const auto unpack = [](const std::vector<PredictorInput>& inputs) {
    return UnpackInputs(PackInputs(inputs), {4}, 2).status();
  };
  EXPECT_EQ(unpack(Inputs({4, 4})), absl::OkStatus());
  // Eight quarters of a canvas are two canvases.
  EXPECT_EQ(unpack(Inputs({2, 2, 2, 2, 2, 2, 2, 2})), absl::OkStatus());
  for (const std::vector<int>& sides :
       {std::vector<int>{5}, {2, 0}, {4, 4, 1}, {2, 2, 2, 2, 2, 2, 2, 2, 1}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(unpack(Inputs(sides)))) << sides.size();
  }
  const auto refused = [&](size_t tokens, int cols) {
    std::vector<PredictorInput> inputs = Inputs({2, 2});
    inputs[1].tokens.resize(tokens);
    inputs[1].cols = cols;
    const absl::Status status = unpack(inputs);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << tokens << " " << cols;
    EXPECT_NE(status.message().find("row 1"), std::string::npos) << status;
  };
  for (const size_t tokens : {2, 3, 5, 15, 17}) refused(tokens, 0);
  // Too wide, too tall, not a rectangle, empty, invalid.
  refused(5, 5);
  refused(5, 1);
  refused(7, 3);
  refused(0, 2);
  for (const int cols : {-1, -4, 5, 16, 1 << 30, -(1 << 30)}) {
    refused(4, cols);
  }
  std::vector<PredictorInput> rows = Inputs({2, 2});
  for (const int cols : {1, 2, 4}) {
    rows[1].cols = cols;
    EXPECT_EQ(unpack(rows), absl::OkStatus()) << cols;
  }
}

TEST(Frames, AnswersOfAWrongNumberOrSizeAreRefused) {
  const std::vector<PredictorInput> inputs = Inputs({3, 2});
  for (const std::vector<int>& sides :
       {std::vector<int>{}, {3}, {3, 2, 2}, {2, 3}, {3, 3}, {3, 0}}) {
    EXPECT_TRUE(absl::IsDataLoss(
        UnpackOutputs(PackOutputs(AnswersTo(Inputs(sides))), inputs).status()))
        << sides.size();
  }
}

TEST(Frames, SecondAnswersOfAWrongSizeAreRefused) {
  const std::vector<PredictorInput> inputs = Inputs({3, 2});
  std::vector<PredictorOutput> outputs = AnswersTo(inputs);
  outputs[1].second = std::vector<uint8_t>(3, 2);
  EXPECT_TRUE(
      absl::IsDataLoss(UnpackOutputs(PackOutputs(outputs), inputs).status()));
}

TEST(Frames, HugeCountsAllocateNoMemory) {
  const std::string body(
      "\xff\xff\xff\xff"
      "abcdefghijkl",
      16);
  EXPECT_TRUE(absl::IsDataLoss(UnpackInputs(body, {4}, 3).status()));
  EXPECT_TRUE(absl::IsDataLoss(UnpackOutputs(body, Inputs({2})).status()));
}

}  // namespace
}  // namespace arctrm
