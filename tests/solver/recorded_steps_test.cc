// SPDX-License-Identifier: MIT
#include "solver/device/recorded_steps.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/solver/fake_recorder.h"

namespace arctrm::internal {
namespace {

struct Numbers {
  GridSize size;
  Tensor x;  // (n)
};

// Doubles numbers and adds them up.
class Doubling : public RecordableStep<Numbers, Numbers> {
 public:
  at::Device device() const override { return at::kCPU; }
  GridSize SizeOf(const Numbers& input) const override { return input.size; }
  int64_t RowsOf(const Numbers& input) const override {
    return input.x.size(0);
  }
  int64_t RecordedRows(const Numbers& input) const override {
    return RowsOf(input) <= 8 ? 8 : 0;
  }
  Numbers RunDirectly(const Numbers& input) override {
    ++direct;
    sum.add_(input.x.sum());
    return {input.size, 2 * input.x};
  }
  Numbers Place(const Numbers& like, int64_t rows) override {
    if (!memory_.defined()) memory_ = at::zeros({rows});
    return {like.size, memory_};
  }
  void Fill(const Numbers& from, Numbers& to) override {
    FillRows(from.x, from.x.size(0), to.x);
  }
  Numbers RunInPlace(Numbers& input) override {
    Numbers output = RunDirectly(input);
    --direct;
    return output;
  }
  void Release() override { memory_ = Tensor(); }
  void Visit(Numbers& output, const Visitor& visit) const override {
    visit(output.x, true);
  }
  Tensor Accumulator() const override { return sum; }

  Tensor sum = at::zeros({1});
  int direct = 0;

 private:
  Tensor memory_;
};

class RecordedStepsTest : public testing::Test {
 protected:
  using Steps = RecordedSteps<Numbers, Numbers>;

  Steps Record(std::unique_ptr<StepRecorder> recorder, size_t most = 128,
               bool replace = false) {
    return Steps(
        &doubling_, std::move(recorder),
        {.most = most,
         .replace = replace,
         .on_stop = [this](const std::string& why) { stops_.push_back(why); }});
  }

  // Runs numbers from `first` on with a window of `cols` columns, and expects
  // their doubles.
  void Run(Steps& steps, int cols, int64_t rows = 3, double first = 1) {
    const Tensor x = at::arange(first, first + static_cast<double>(rows));
    doubling_.sum.zero_();
    const Numbers out = steps.Run({{1, cols}, x});
    EXPECT_TRUE(at::equal(out.x, 2 * x)) << out.x;
    EXPECT_EQ(doubling_.sum.item<float>(), x.sum().item<float>());
  }

  Doubling doubling_;
  std::vector<std::string> stops_;
};

TEST_F(RecordedStepsTest, AShapeIsRecordedAtItsSecondUse) {
  Steps steps = Record(std::make_unique<CallAgain>());
  for (int64_t rows = 1; rows <= 9; ++rows) {
    Run(steps, 1, rows, static_cast<double>(rows));
  }
  // The first directly, and one of 9 rows, which cannot be recorded.
  EXPECT_EQ(doubling_.direct, 2);
  EXPECT_EQ(steps.replays(), 6);
  EXPECT_EQ(steps.recordings(), 1u);
  steps.Clear();
  EXPECT_EQ(steps.recordings(), 0u);
  Run(steps, 1);
  EXPECT_EQ(doubling_.direct, 3);
  EXPECT_TRUE(stops_.empty());
}

TEST_F(RecordedStepsTest, BeyondTheLimitNewShapesRunDirectly) {
  Steps steps = Record(std::make_unique<CallAgain>(), /*most=*/2);
  for (int turn = 0; turn < 3; ++turn) {
    for (int cols = 1; cols <= 3; ++cols) Run(steps, cols);
  }
  EXPECT_EQ(steps.recordings(), 2u);
  EXPECT_EQ(steps.replays(), 2);
  EXPECT_EQ(doubling_.direct, 2 + 3);
}

TEST_F(RecordedStepsTest, TheLongestUnusedRecordingMakesRoom) {
  Steps steps =
      Record(std::make_unique<CallAgain>(), /*most=*/2, /*replace=*/true);
  for (int cols : {1, 1, 2, 2, 1, 3, 3}) Run(steps, cols);
  EXPECT_EQ(steps.recordings(), 2u);
  EXPECT_EQ(steps.replays(), 1);
  // 2 made room for 3.
  for (int cols : {1, 3}) Run(steps, cols);
  EXPECT_EQ(steps.replays(), 3);
  Run(steps, 2);
  EXPECT_EQ(steps.replays(), 3);
  EXPECT_EQ(doubling_.direct, 4);
}

// Infinite numbers equal nothing, also when they are right.
TEST_F(RecordedStepsTest, OverflowedNumbersProveNothing) {
  Steps steps =
      Record(std::make_unique<Distorted>([this] { doubling_.sum.add_(1); }));
  const Tensor overflows = at::full({2}, std::numeric_limits<float>::max());
  for (int i = 0; i < 3; ++i) {
    doubling_.sum.zero_();
    EXPECT_TRUE(at::isinf(steps.Run({{1, 1}, overflows}).x).all().item<bool>());
  }
  EXPECT_EQ(steps.recordings(), 0u);
  EXPECT_TRUE(stops_.empty());
  for (int i = 0; i < 3; ++i) Run(steps, 1);
  EXPECT_EQ(steps.recordings(), 0u);
  ASSERT_EQ(stops_.size(), 1u);
  EXPECT_NE(stops_[0].find("other results"), std::string::npos) << stops_[0];
}

}  // namespace
}  // namespace arctrm::internal
