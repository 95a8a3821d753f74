// SPDX-License-Identifier: MIT
// Compares losses, halting and optimisers with the published ones.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/options.h"
#include "gmock/gmock.h"
#include "simdjson.h"
#include "solver/nn/act.h"
#include "solver/nn/ops.h"
#include "solver/train/optimizers.h"
#include "tests/solver/golden_tensors.h"
#include "tests/solver/on_test_device.h"
#include "tests/testing/test_data.h"

namespace arctrm::internal {
namespace {

using ::testing::ElementsAre;

TEST(StablemaxGolden, LossAndGradient) {
  const SafetensorsFile file = ReadGolden("losses");
  Tensor logits = OnTestDevice(Golden(file, "ce.logits"));
  logits.set_requires_grad(true);
  const Tensor labels = OnTestDevice(Golden(file, "ce.labels").to(at::kLong));
  const Tensor loss = StablemaxCrossEntropy(logits, labels);
  ExpectClose("stablemax loss", loss, Golden(file, "ce.stablemax.loss"), 1e-12);
  loss.sum().backward();
  ExpectClose("stablemax gradient", logits.grad(),
              Golden(file, "ce.stablemax.grad_of_sum"), 1e-7);
}

TEST(Stablemax, GradientIsFiniteAtExactlyOne) {
  Tensor logits = OnTestDevice(at::tensor({1.0f, 0.0f, -1.0f}).view({1, 1, 3}));
  logits.set_requires_grad(true);
  StablemaxCrossEntropy(logits, OnTestDevice(at::zeros({1, 1}, at::kLong)))
      .sum()
      .backward();
  // s = 2, 1, 1/2, sum 3.5; slopes 1, 1, 1/4.
  const Tensor expected =
      at::tensor({1 / 3.5f - 1 / 2.0f, 1 / 3.5f, 0.25f / 3.5f}).view({1, 1, 3});
  EXPECT_LE(MaxError(logits.grad(), expected), 1e-7);
}

TEST(Stablemax, ClosedFormGradientEqualsFiniteDifferences) {
  Random random(3, "test");
  Tensor x = at::empty({1, 4, 6}, at::kDouble);
  for (int i = 0; i < 24; ++i) {
    x.mutable_data_ptr<double>()[i] = 3 * random.Normal();
  }
  const Tensor labels =
      OnTestDevice(at::tensor({0, 5, 2, -100}, at::kLong).view({1, 4}));
  Tensor leaf = OnTestDevice(x.clone());
  leaf.set_requires_grad(true);
  StablemaxCrossEntropy(leaf, labels).sum().backward();
  const Tensor grad = leaf.grad().to(at::kCPU);
  const double h = 1e-6;
  for (int i = 0; i < 24; ++i) {
    Tensor up = x.clone();
    Tensor down = x.clone();
    up.mutable_data_ptr<double>()[i] += h;
    down.mutable_data_ptr<double>()[i] -= h;
    const double slope =
        (StablemaxCrossEntropy(OnTestDevice(up), labels).sum() -
         StablemaxCrossEntropy(OnTestDevice(down), labels).sum())
            .item<double>() /
        (2 * h);
    EXPECT_NEAR(grad.const_data_ptr<double>()[i], slope, 1e-7) << i;
  }
}

TEST(SoftmaxGolden, LossAndGradient) {
  const SafetensorsFile file = ReadGolden("losses");
  TrainOptions train;
  train.loss = "softmax";
  Tensor logits = OnTestDevice(Golden(file, "ce.logits"));
  logits.set_requires_grad(true);
  const Tensor loss =
      TokenLoss(LossOptions(train).kind, logits,
                OnTestDevice(Golden(file, "ce.labels").to(at::kLong)));
  ExpectClose("softmax loss", loss, Golden(file, "ce.softmax.loss"), 1e-6);
  loss.sum().backward();
  ExpectClose("softmax gradient", logits.grad(),
              Golden(file, "ce.softmax.grad_of_sum"), 1e-7);
}

TEST(LossOptions, EveryValueOfTheSettingIsALoss) {
  TrainOptions train;
  OptionSet set;
  AddOptions(train, set);
  std::string range;
  for (const OptionSet::Item& item : set.Items()) {
    if (item.key == "train.loss") range = item.range;
  }
  std::vector<LossKind> kinds;
  for (const absl::string_view name : absl::StrSplit(range, ", ")) {
    ASSERT_TRUE(set.Set("train.loss", name).ok()) << name;
    kinds.push_back(LossOptions(train).kind);
  }
  EXPECT_THAT(kinds, ElementsAre(LossKind::kStablemax, LossKind::kSoftmax));
}

TEST(LossOptionsDeathTest, AnUnknownLossIsABug) {
  TrainOptions train;
  train.loss = "sofmax";
  EXPECT_DEATH(LossOptions{train}, "bug at");
}

// The losses of HRM (with a continue head) and of TRM.
class LossHeadGolden : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Published, LossHeadGolden, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& c) {
                           return c.param ? "hrm" : "trm";
                         });

TEST_P(LossHeadGolden, SumsMetricsAndGradients) {
  const bool hrm = GetParam();
  const SafetensorsFile file = ReadGolden("losses");
  const auto get = [&](const std::string& name) {
    return OnTestDevice(Golden(file, (hrm ? "head.hrm." : "head.trm.") + name));
  };
  StepOutput out;
  out.logits = get("logits");
  out.q_halt_logits = get("q_halt_logits");
  out.q_continue_logits = get("q_continue_logits");
  out.logits.set_requires_grad(true);
  out.q_halt_logits.set_requires_grad(true);
  out.q_continue_logits.set_requires_grad(true);
  const LossOutput loss = ComputeLoss(
      out, get("labels").to(at::kLong), get("steps").to(at::kLong),
      get("halted"), hrm ? get("target_q_continue") : Tensor(), LossOptions());
  ExpectClose("head loss", loss.loss, get("loss"), 1e-6);
  ExpectClose("head lm_loss", loss.lm_loss, get("metric.lm_loss"), 1e-9);
  ExpectClose("head q_halt_loss", loss.q_halt_loss, get("metric.q_halt_loss"),
              1e-6);
  for (const auto& [name, value] :
       {std::pair<std::string, Tensor>{"count", loss.count},
        {"exact_accuracy", loss.exact_accuracy},
        {"q_halt_accuracy", loss.q_halt_accuracy},
        {"steps", loss.steps}}) {
    EXPECT_EQ(MaxError(value, get("metric." + name)), 0) << name;
  }
  ExpectClose("head accuracy", loss.accuracy, get("metric.accuracy"), 1e-6);
  EXPECT_EQ(MaxError(loss.predictions, get("preds")), 0);
  (loss.loss / 4).backward();
  ExpectClose("head gradient of logits", out.logits.grad(), get("grad_logits"),
              1e-7);
  ExpectClose("head gradient of q_halt", out.q_halt_logits.grad(),
              get("grad_q_halt"), 1e-7);
  if (hrm) {
    ExpectClose("head q_continue_loss", loss.q_continue_loss,
                get("metric.q_continue_loss"), 1e-6);
    ExpectClose("head gradient of q_continue", out.q_continue_logits.grad(),
                get("grad_q_continue"), 1e-7);
  } else {
    EXPECT_FALSE(out.q_continue_logits.grad().defined());
  }
}

TEST(Argmax, TiesGoToTheLowestIndex) {
  StepOutput out;
  out.logits = OnTestDevice(
      at::tensor({1.0f, 3.0f, 3.0f, 2.0f, 2.0f, 1.0f, 0.0f, 0.0f, 0.0f})
          .view({1, 3, 3}));
  out.q_halt_logits = OnTestDevice(at::zeros({1}));
  const LossOutput loss = ComputeLoss(
      out, OnTestDevice(at::ones({1, 3}, at::kLong)),
      OnTestDevice(at::ones({1}, at::kLong)),
      OnTestDevice(at::ones({1}, at::kBool)), Tensor(), LossOptions());
  EXPECT_EQ(
      MaxError(loss.predictions, at::tensor({1, 0, 0}, at::kLong).view({1, 3})),
      0);
}

TEST(AdamAtan2Golden, SixUpdates) {
  const SafetensorsFile file = ReadGolden("losses");
  Tensor p = OnTestDevice(Golden(file, "adam.param0"));
  AdamAtan2 adam(p);
  Tensor largest = at::full_like(p, 1e-18);
  for (int t = 0; t < 6; ++t) {
    const Tensor gradient =
        OnTestDevice(Golden(file, absl::StrCat("adam.grad", t)));
    adam.Update(p, gradient, 1e-2, 0.3, 0.9, 0.95);
    const std::string after = absl::StrCat(t + 1);
    ExpectClose("adam param" + after, p, Golden(file, "adam.param" + after),
                1e-6);
    // Gradients span 1e-12 to 1e6 and change sign, so the test compares moments
    // on the scale of their gradients.
    largest = at::maximum(largest, gradient.abs());
    const auto scaled = [&](const Tensor& a, const std::string& name,
                            const Tensor& scale) {
      ExpectClose(name + " (scaled)",
                  (a - OnTestDevice(Golden(file, name))) / scale,
                  at::zeros_like(a), 1e-6);
    };
    scaled(adam.exp_avg, "adam.exp_avg" + after, largest);
    scaled(adam.exp_avg_sq, "adam.exp_avg_sq" + after, largest.square());
  }
}

TEST(SignSgdGolden, EqualIdsAreAddedFirst) {
  const SafetensorsFile file = ReadGolden("losses");
  Tensor table = OnTestDevice(Golden(file, "sign.weights0"));
  SignSgdUpdate(table, Golden(file, "sign.local_ids").to(at::kLong),
                OnTestDevice(Golden(file, "sign.local_grad")), 1e-2, 0.1);
  ExpectClose("sign-SGD", table, Golden(file, "sign.weights1"), 1e-7);
}

class ScalarsGolden : public testing::Test {
 protected:
  void SetUp() override {
    const auto frame = ReadFile(TestData("scalars.json.zst"));
    ASSERT_TRUE(frame.ok()) << frame.status();
    const auto json = ZstdDecompress(*frame, 1 << 20);
    ASSERT_TRUE(json.ok()) << json.status();
    ASSERT_EQ(parser_.parse(*json).get(root_), simdjson::SUCCESS);
  }
  simdjson::dom::array Items(const char* name) {
    simdjson::dom::array items;
    EXPECT_EQ(root_[name].get(items), simdjson::SUCCESS);
    return items;
  }
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

TEST_F(ScalarsGolden, Halting) {
  int cases = 0;
  for (const auto item : Items("halting")) {
    const auto floats = [&](const char* name) {
      std::vector<double> out;
      simdjson::dom::array values;
      EXPECT_EQ(item[name].get(values), simdjson::SUCCESS);
      for (const auto v : values) {
        bool flag = false;
        double number = 0;
        if (v.get(flag) == simdjson::SUCCESS) {
          number = flag;
        } else {
          EXPECT_EQ(v.get(number), simdjson::SUCCESS);
        }
        out.push_back(number);
      }
      return OnTestDevice(at::tensor(out, at::kDouble));
    };
    const int max_steps =
        static_cast<int>(item["halt_max_steps"].get_int64().value());
    const double chance = item["halt_exploration_prob"].get_double().value();
    const Tensor before = floats("halted_before").to(at::kBool);
    const Tensor steps =
        at::where(before, 0, floats("steps_before").to(at::kLong)) + 1;
    EXPECT_EQ(MaxError(steps, floats("steps_after")), 0);
    const Tensor min_steps = at::where(floats("uniform_draw") < chance,
                                       floats("randint_draw").to(at::kLong), 0);
    const Tensor halted =
        HaltedAfter(steps, floats("q_halt_logits").to(at::kFloat) > 0,
                    max_steps, true, min_steps);
    EXPECT_EQ(MaxError(halted, floats("halted_after")), 0);
    ++cases;
  }
  EXPECT_GT(cases, 0);
}

TEST_F(ScalarsGolden, WarmupSchedule) {
  int compared = 0;
  for (const auto item : Items("lr_schedule")) {
    // Published runs keep the rate constant after warm-up (min_ratio 1).
    const int64_t step = item["step"].get_int64().value();
    const int warmup = static_cast<int>(item["warmup"].get_int64().value());
    if (item["min_ratio"].get_double().value() != 1 && step >= warmup) {
      continue;
    }
    const double expected = item["lr"].get_double().value();
    EXPECT_NEAR(
        WarmupLearningRate(item["base_lr"].get_double().value(), step, warmup),
        expected, 1e-15);
    ++compared;
  }
  EXPECT_GE(compared, 11);
}

TEST_F(ScalarsGolden, TruncatedNormal) {
  for (const auto item : Items("trunc_normal")) {
    const double std = item["std"].get_double().value();
    const double bound = item["comp_std_times_2"].get_double().value();
    Random random(1, "init");
    Tensor x = at::empty({200000}, at::kFloat);
    FillTruncatedNormal(x, std, random);
    EXPECT_NEAR(x.std().item<double>() / std, 1, 0.01);
    EXPECT_LE(x.abs().max().item<double>(), bound * (1 + 1e-6));
    EXPECT_GE(x.abs().max().item<double>(), bound * 0.999);
  }
}

}  // namespace
}  // namespace arctrm::internal
