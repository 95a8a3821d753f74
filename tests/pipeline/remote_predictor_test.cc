// SPDX-License-Identifier: MIT
#include "pipeline/remote_predictor.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/out_of_memory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/frames.h"
#include "pipeline/messages.h"
#include "tests/testing/fake_predictor.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

constexpr char kProperties[] =
    R"({"side": 9, "kind": "arc", "canvas_step": 2, "max_batch": 3, "full_bucket": 64})";

// A worker that sends these frames and ignores its input.
absl::StatusOr<std::unique_ptr<Predictor>> Worker(
    const ScratchFolder& folder, const std::vector<std::string>& frames) {
  std::string bytes;
  for (const std::string& frame : frames) bytes += FrameOf(frame);
  EXPECT_EQ(WriteFileAtomically(folder("frames"), bytes), absl::OkStatus());
  SubprocessOptions options;
  options.argv = {"/bin/sh", "-c", "cat \"$0\"; exec cat > /dev/null",
                  folder("frames")};
  options.pipe_input = true;
  options.pipe_output = true;
  absl::StatusOr<std::unique_ptr<Subprocess>> process =
      Subprocess::Start(options);
  if (!process.ok()) return process.status();
  return RemotePredictor::Connect("worker 7", *std::move(process),
                                  Deadline(RealClock(), absl::Minutes(1)));
}

std::vector<PredictorInput> MixedInputs() {
  return {{std::vector<uint8_t>(16, 2), 1}, {std::vector<uint8_t>(81, 3), 2}};
}

std::string Answers(const std::vector<size_t>& sizes) {
  std::vector<PredictorOutput> outputs;
  for (const size_t size : sizes) {
    outputs.push_back({std::vector<uint8_t>(size, 4), 0.5f, 16});
  }
  return absl::StrCat("O", PackOutputs(outputs));
}

TEST(RemotePredictor, RequestsCarryEveryOption) {
  PredictorOptions options;
  options.device = {"cuda:1", 3};
  options.kernels = "plain";
  options.graphs = "off";
  options.batch = 17;
  options.fit_canvas = "off";
  options.early_halt = 0.25;
  options.stable_halt = 3;
  options.rollouts = 4;
  options.latent_noise = 0.5;
  options.start_noise = 0.75;
  options.rollout_choice = "agreement";
  options.seed = 12345678901234567890u;
  const auto json = ParseFrame(PredictRequest("some/folder", options));
  ASSERT_EQ(json.status(), absl::OkStatus());
  EXPECT_EQ((*json)["checkpoint"], "some/folder");
  const auto back = PredictorOptionsOf((*json)["options"]);
  ASSERT_EQ(back.status(), absl::OkStatus());
  EXPECT_EQ(back->device.device, "cuda:1");
  EXPECT_EQ(back->device.threads, 3);
  EXPECT_EQ(back->kernels, "plain");
  EXPECT_EQ(back->graphs, "off");
  EXPECT_EQ(back->batch, 17);
  EXPECT_EQ(back->fit_canvas, "off");
  EXPECT_EQ(back->early_halt, 0.25);
  EXPECT_EQ(back->stable_halt, 3);
  EXPECT_EQ(back->rollouts, 4);
  EXPECT_EQ(back->latent_noise, 0.5);
  EXPECT_EQ(back->start_noise, 0.75);
  EXPECT_EQ(back->rollout_choice, "agreement");
  EXPECT_EQ(back->seed, options.seed);
  for (const auto& [key, value] : (*json)["options"].items()) {
    nlohmann::json without = (*json)["options"];
    without.erase(key);
    EXPECT_TRUE(absl::IsDataLoss(PredictorOptionsOf(without).status())) << key;
  }
}

TEST(RemotePredictor, BatchesOfMixedSizesAreAnswered) {
  const ScratchFolder folder;
  const auto predictor = Worker(folder, {kProperties, Answers({16, 81})});
  ASSERT_EQ(predictor.status(), absl::OkStatus());
  EXPECT_EQ((*predictor)->canvas(), Canvas{9});
  EXPECT_EQ((*predictor)->canvas_step(), 2);
  EXPECT_EQ((*predictor)->max_batch(), 3);
  EXPECT_EQ((*predictor)->full_bucket(), 64);
  const auto outputs = (*predictor)->Predict(MixedInputs());
  ASSERT_EQ(outputs.status(), absl::OkStatus());
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ((*outputs)[0].tokens, std::vector<uint8_t>(16, 4));
  EXPECT_EQ((*outputs)[1].tokens, std::vector<uint8_t>(81, 4));
  EXPECT_EQ((*outputs)[1].halt_logit, 0.5f);
}

TEST(RemotePredictor, WarningsComeBeforeAnswers) {
  FakePredictor local(Canvas{9}, 3);
  local.warnings = {"slow \xff"};
  int ends[2];
  const std::string batch = FrameOf(PackInputs(MixedInputs()));
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], batch.data(), batch.size()),
            static_cast<ssize_t>(batch.size()));
  close(ends[1]);
  std::vector<std::string> said;
  EXPECT_EQ(AnswerBatches(local, ends[0],
                          [&](const std::string& frame) {
                            said.push_back(frame);
                            return absl::OkStatus();
                          }),
            absl::OkStatus());
  close(ends[0]);
  ASSERT_EQ(said.size(), 3u);
  const ScratchFolder folder;
  const auto predictor = Worker(folder, said);
  ASSERT_EQ(predictor.status(), absl::OkStatus());
  EXPECT_EQ((*predictor)->Predict(MixedInputs()).status(), absl::OkStatus());
  EXPECT_EQ((*predictor)->TakeWarnings(),
            std::vector<std::string>{"worker 7: slow \xff"});
  EXPECT_TRUE((*predictor)->TakeWarnings().empty());
}

TEST(RemotePredictor, AWorkerWithoutMemoryGetsSmallerBatches) {
  const std::string full = ErrorFrame(OutOfMemoryError("of the device"));
  const ScratchFolder folder;
  const auto predictor =
      Worker(folder, {kProperties, full, Answers({16}), full});
  ASSERT_EQ(predictor.status(), absl::OkStatus());
  EXPECT_EQ((*predictor)->Predict(MixedInputs()).status(),
            OutOfMemoryError("of the device"));
  const std::vector<PredictorInput> one = {MixedInputs()[0]};
  EXPECT_EQ((*predictor)->Predict(one).status(), absl::OkStatus());
  // A worker that cannot answer one input is lost.
  const absl::Status status = (*predictor)->Predict(one).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

TEST(AnswerBatches, ContinuesAfterMemoryRanOutAndReturnsOtherErrors) {
  FakePredictor predictor(Canvas{9}, 3);
  predictor.step = 2;
  predictor.full = 64;
  predictor.most_inputs = 1;
  int ends[2];
  const std::vector<PredictorInput> one = {MixedInputs()[1]};
  const std::string batches =
      FrameOf(PackInputs(MixedInputs())) + FrameOf(PackInputs(one));
  const auto send_batches = [&] {
    ASSERT_EQ(pipe(ends), 0);
    ASSERT_EQ(write(ends[1], batches.data(), batches.size()),
              static_cast<ssize_t>(batches.size()));
    close(ends[1]);
  };
  ASSERT_NO_FATAL_FAILURE(send_batches());
  std::vector<std::string> said;
  const auto send = [&](const std::string& frame) {
    said.push_back(frame);
    return absl::OkStatus();
  };
  EXPECT_EQ(AnswerBatches(predictor, ends[0], send), absl::OkStatus());
  close(ends[0]);
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(*ParseFrame(said[0]), *ParseFrame(kProperties));
  EXPECT_EQ(said[1], ErrorFrame(OutOfMemoryError("no memory")));
  EXPECT_EQ(
      said[2],
      absl::StrCat("O", PackOutputs({PredictorOutput{one[0].tokens, 0}})));

  ASSERT_NO_FATAL_FAILURE(send_batches());
  predictor.error = absl::InternalError("broken");
  EXPECT_EQ(AnswerBatches(predictor, ends[0], send), predictor.error);
  close(ends[0]);
}

TEST(RemotePredictor, AWorkerWithWrongAnswersIsLost) {
  for (const std::string& answer :
       {Answers({16}), Answers({16, 81, 81}), Answers({81, 16}),
        Answers({16, 80}), std::string(), std::string("O"), std::string("{}"),
        std::string("what?"), std::string("{\"error\": \"words\"}")}) {
    const ScratchFolder folder;
    const auto predictor = Worker(folder, {kProperties, answer});
    ASSERT_EQ(predictor.status(), absl::OkStatus());
    const absl::Status status = (*predictor)->Predict(MixedInputs()).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("worker 7: "));
  }
}

TEST(RemotePredictor, InvalidPropertiesAreRefused) {
  for (
      const char* properties :
      {"", "{}", "what?",
       R"({"side": 0, "kind": "arc", "canvas_step": 2, "max_batch": 3, "full_bucket": 64})",
       R"({"side": 31, "kind": "arc", "canvas_step": 2, "max_batch": 3, "full_bucket": 64})",
       R"({"side": "9", "kind": "arc", "canvas_step": 2, "max_batch": 3, "full_bucket": 64})",
       R"({"side": 9, "kind": "chess", "canvas_step": 2, "max_batch": 3, "full_bucket": 64})",
       R"({"side": 9, "kind": "arc", "canvas_step": -1, "max_batch": 3, "full_bucket": 64})",
       R"({"side": 9, "kind": "arc", "max_batch": 3, "full_bucket": 64})",
       R"({"side": 9, "kind": "arc", "canvas_step": 2, "max_batch": 0, "full_bucket": 64})",
       R"({"side": 9, "kind": "arc", "canvas_step": 2, "max_batch": 3})",
       R"({"side": 9, "kind": "arc", "canvas_step": 2, "max_batch": 3, "full_bucket": -1})"}) {
    const ScratchFolder folder;
    const absl::Status status = Worker(folder, {properties}).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << properties << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("worker 7: "));
  }
}

}  // namespace
}  // namespace arctrm
