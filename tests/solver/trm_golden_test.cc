// SPDX-License-Identifier: MIT
// Step for step against the published implementation, CPU and, where there is
// one, CUDA. Once as whole trajectories, where the carry is never put back to
// the recorded one and rounding grows from step to step (the reference's own
// float32 run is up to 2e-5 from its float64 run), and once with every training
// step started from the recorded carry ("forced"), which is ten times tighter.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "solver/internal/act.h"
#include "solver/internal/device.h"
#include "solver/internal/optimizers.h"
#include "tests/solver/golden_tensors.h"

namespace arctrm::internal {
namespace {

constexpr double kTrajectoryTolerance = 1e-4;
constexpr double kForcedTolerance = 1e-5;
constexpr double kGradientTolerance = 2e-6;
constexpr double kParameterTolerance = 1e-6;
constexpr double kBf16Latents = 0.05;
constexpr double kBf16Loss = 0.02;
constexpr double kBf16Gradient = 0.1;

struct Case {
  std::string name;    // of the golden file
  std::string device;  // "cpu", "cuda"
  std::string eval;    // which evaluation the file holds
  bool forced = false;
};

class TrmGolden : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const absl::StatusOr<at::Device> device =
        OpenDevice({GetParam().device, 1});
    if (!device.ok()) GTEST_SKIP() << device.status().message();
    device_ = *device;
  }

  Batch GoldenBatch(const SafetensorsFile& file, const std::string& prefix) {
    Batch batch;
    const auto get = [&](const std::string& name) {
      return Golden(file, prefix + name).to(device_, at::kLong);
    };
    batch.tokens = get("inputs");
    batch.labels = get("labels");
    batch.puzzle_ids = get("puzzle_identifiers");
    return batch;
  }

  void ExpectIntegers(const std::string& what, const Tensor& actual,
                      const Tensor& expected) {
    EXPECT_EQ(MaxError(actual, expected), 0) << what;
  }

  void CheckStep(const SafetensorsFile& file, const std::string& at,
                 const ActOutput& out, const Carry& carry, double tolerance) {
    const auto expected = [&](const std::string& name) {
      return Golden(file, at + name);
    };
    ExpectClose(at + "z_H", carry.latents.z_h, expected("z_H"), tolerance);
    ExpectClose(at + "z_L", carry.latents.z_l, expected("z_L"), tolerance);
    ExpectClose(at + "logits", out.step.logits, expected("logits"), tolerance);
    ExpectClose(at + "q_halt", out.step.q_halt_logits,
                expected("q_halt_logits"), tolerance);
    ExpectClose(at + "q_continue", out.step.q_continue_logits,
                expected("q_continue_logits"), tolerance);
    ExpectIntegers(at + "steps", carry.steps, expected("steps"));
    ExpectIntegers(at + "halted", carry.halted, expected("halted"));
    ExpectIntegers(at + "preds", out.loss.predictions, expected("preds"));
    ExpectClose(at + "loss", out.loss.loss, expected("loss"), tolerance);
    ExpectClose(at + "lm_loss", out.loss.lm_loss, expected("metric.lm_loss"),
                tolerance);
    ExpectClose(at + "q_halt_loss", out.loss.q_halt_loss,
                expected("metric.q_halt_loss"), tolerance);
    ExpectIntegers(at + "count", out.loss.count, expected("metric.count"));
    ExpectIntegers(at + "exact", out.loss.exact_accuracy,
                   expected("metric.exact_accuracy"));
    ExpectIntegers(at + "q_halt_accuracy", out.loss.q_halt_accuracy,
                   expected("metric.q_halt_accuracy"));
    ExpectIntegers(at + "steps sum", out.loss.steps, expected("metric.steps"));
    ExpectClose(at + "accuracy", out.loss.accuracy, expected("metric.accuracy"),
                1e-6);
  }

  at::Device device_ = at::Device(at::kCPU);
};

TEST_P(TrmGolden, FiveTrainingStepsAndEvaluation) {
  const SafetensorsFile file = ReadGolden(GetParam().name);
  Trm model = TinyModel(file, device_);
  Tensor table = Golden(file, "init.inner.puzzle_emb.weights").to(device_);
  AdamAtan2 adam(model.flat());
  Tensor ema = model.flat().detach().clone();
  Carry carry = InitialCarry(model, GoldenBatch(file, "batches.batch0."));

  for (int t = 0; t < 5; ++t) {
    const std::string at = absl::StrCat("train.step", t, ".");
    AdmitBatch(model, GoldenBatch(file, absl::StrCat("batches.batch", t, ".")),
               carry);
    ExpectIntegers(at + "inputs", carry.current.tokens,
                   Golden(file, at + "current.inputs"));
    ExpectIntegers(at + "labels", carry.current.labels,
                   Golden(file, at + "current.labels"));
    ExpectIntegers(at + "ids", carry.current.puzzle_ids,
                   Golden(file, at + "current.puzzle_identifiers"));
    Tensor rows = table.index_select(0, carry.current.puzzle_ids);
    rows.set_requires_grad(true);
    model.flat_grad().zero_();
    const ActOutput out = ActStep(model, rows, true, Tensor(), 0.5, carry);
    (out.loss.loss / 4).backward();
    CheckStep(file, at, out, carry,
              GetParam().forced ? kForcedTolerance : kTrajectoryTolerance);
    if (GetParam().forced) {
      carry.latents = {Golden(file, at + "z_H").to(device_),
                       Golden(file, at + "z_L").to(device_)};
    }
    ExpectClose(at + "puzzle gradient", rows.grad(),
                Golden(file, at + "puzzle_emb.local_weights_grad"), 1e-5);
    if (t == 0) {
      double worst = 0;
      for (size_t i = 0; i < model.parameters().size(); ++i) {
        const auto& [name, p] = model.parameters()[i];
        worst = std::max(
            worst, MaxError(p.grad(), Golden(file, "params.grad0." + name)));
      }
      ExpectClose("gradients of all parameters, step 0", at::full({}, worst),
                  at::zeros({}), kGradientTolerance);
      EXPECT_EQ(
          model.parameters()[2].second.grad()[1].abs().max().item<float>(), 0);
    }
    SignSgdUpdate(table, carry.current.puzzle_ids.to(at::kCPU), rows.grad(),
                  1e-2, 0.1);
    ExpectClose(at + "puzzle rows after", table,
                Golden(file, at + "puzzle_emb.weights_after"), 1e-6);
    adam.Update(model.flat(), model.flat_grad(), 1e-4, 0.1, 0.9, 0.95);
    EmaUpdate(ema, model.flat(), 0.999);
  }

  const auto worst = [&](const Tensor& flat, const std::string& prefix) {
    double error = 0;
    for (size_t i = 0; i < model.parameters().size(); ++i) {
      const auto& [name, p] = model.parameters()[i];
      error = std::max(error, MaxError(model.Part(flat, i).view(p.sizes()),
                                       Golden(file, prefix + name)));
    }
    return at::full({}, error, at::kDouble);
  };
  const Tensor zero = at::zeros({});
  ExpectClose("parameters after 5 steps", worst(model.flat(), "params.param5."),
              zero, kParameterTolerance);
  if (file.Find("params.ema5.inner.lm_head.weight") != nullptr) {
    ExpectClose("averaged parameters after 5 steps", worst(ema, "params.ema5."),
                zero, kParameterTolerance);
    ExpectClose("first moments after 5 steps",
                worst(adam.exp_avg, "opt.exp_avg5."), zero, kGradientTolerance);
    ExpectClose("second moments after 5 steps",
                worst(adam.exp_avg_sq, "opt.exp_avg_sq5."), zero,
                kGradientTolerance);
  }

  // Evaluation runs all steps, on the weights the file was made with.
  at::NoGradGuard no_grad;
  Tensor eval_table = table;
  if (GetParam().eval == "init") {
    Trm fresh = TinyModel(file, device_);
    model.flat().copy_(fresh.flat());
    eval_table = Golden(file, "init.inner.puzzle_emb.weights").to(device_);
  } else {
    model.flat().copy_(ema);
  }
  const Batch batch = GoldenBatch(file, "batches.batch0.");
  Carry eval = InitialCarry(model, batch);
  AdmitBatch(model, batch, eval);
  const Tensor rows = eval_table.index_select(0, batch.puzzle_ids);
  for (int t = 0; t < 4; ++t) {
    const ActOutput out = ActStep(model, rows, false, Tensor(), 0.5, eval);
    CheckStep(file, absl::StrCat("eval.", GetParam().eval, ".step", t, "."),
              out, eval, kTrajectoryTolerance);
  }
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const char* device : {"cpu", "cuda"}) {
    for (const bool forced : {false, true}) {
      cases.push_back({"trm_attention_cold", device, "init", forced});
      cases.push_back({"trm_attention_warm", device, "ema5", forced});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Published, TrmGolden, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<Case>& c) {
                           return c.param.name + "_" + c.param.device +
                                  (c.param.forced ? "_forced" : "");
                         });

// bf16 carries 8 bits: a step differs from the float32 one by what rounding
// every product to 2^-9 adds up to, measured on a CPU and doubled.
class TrmBf16 : public testing::TestWithParam<std::string> {};

TEST_P(TrmBf16, OneStepIsWithinItsRounding) {
  const absl::StatusOr<at::Device> device = OpenDevice({GetParam(), 1});
  if (!device.ok()) GTEST_SKIP() << device.status().message();
  const SafetensorsFile file = ReadGolden("trm_attention_warm");
  Trm model = TinyModel(file, *device, at::kBFloat16);
  const auto get = [&](const std::string& name) {
    return Golden(file, "batches.batch0." + name).to(*device, at::kLong);
  };
  const Batch batch = {get("inputs"), get("labels"), get("puzzle_identifiers")};
  Carry carry = InitialCarry(model, batch);
  AdmitBatch(model, batch, carry);
  Tensor rows = Golden(file, "init.inner.puzzle_emb.weights")
                    .to(*device)
                    .index_select(0, batch.puzzle_ids);
  rows.set_requires_grad(true);
  model.flat_grad().zero_();
  const ActOutput out = ActStep(model, rows, true, Tensor(), 0.5, carry);
  (out.loss.loss / 4).backward();
  const auto expect_near = [&](const std::string& what, const Tensor& actual,
                               const Tensor& expected, double tolerance) {
    const Tensor a = actual.detach().to(at::kCPU, at::kDouble);
    const Tensor e = expected.to(at::kDouble);
    ExpectClose(what, (a - e).norm() / e.norm(), at::zeros({}, at::kDouble),
                tolerance);
  };
  expect_near("bf16 z_H, relative", carry.latents.z_h,
              Golden(file, "train.step0.z_H"), kBf16Latents);
  expect_near("bf16 loss, relative", out.loss.loss,
              Golden(file, "train.step0.loss"), kBf16Loss);
  std::vector<Tensor> actual;
  std::vector<Tensor> expected;
  for (const auto& [name, p] : model.parameters()) {
    actual.push_back(p.grad().reshape({-1}).to(at::kCPU));
    expected.push_back(Golden(file, "params.grad0." + name).reshape({-1}));
  }
  expect_near("bf16 gradient, relative", at::cat(actual), at::cat(expected),
              kBf16Gradient);
}

INSTANTIATE_TEST_SUITE_P(Devices, TrmBf16, testing::Values("cpu", "cuda"),
                         [](const testing::TestParamInfo<std::string>& c) {
                           return c.param;
                         });

}  // namespace
}  // namespace arctrm::internal
