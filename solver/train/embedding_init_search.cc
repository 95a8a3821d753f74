// SPDX-License-Identifier: MIT
#include "solver/train/embedding_init_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/stop.h"
#include "solver/nn/act.h"

namespace arctrm::internal {
namespace {

constexpr size_t kFinalists = 8;
constexpr int64_t kTrialsPerPass = 128;  // of each thread

}  // namespace

Tensor EvenlySpacedRows(const Tensor& table, int64_t wanted) {
  const int64_t rows = table.size(0) - 1;
  if (wanted <= 0 || wanted > rows) wanted = rows;
  std::vector<Tensor> chosen;
  for (int64_t i = 0; i < wanted; ++i) {
    chosen.push_back(table[1 + i * rows / wanted]);
  }
  return at::stack(chosen);
}

void EmbeddingInitSearch::Run(const Tensor& candidates,
                              std::vector<Trial>& trials) const {
  const at::Device device = model.device();
  const int count = workers.count();
  workers.Run([&](int worker) {
    at::NoGradGuard no_grad;
    const Slice slice =
        SliceOf(static_cast<int64_t>(trials.size()), count, worker);
    std::vector<uint8_t> inputs;
    std::vector<uint8_t> labels;
    const auto size_of = [&](int64_t trial) {
      return trials[static_cast<size_t>(trial)].example.window.size;
    };
    int64_t rows = 0;
    for (int64_t at = slice.begin; at < slice.begin + slice.size; at += rows) {
      const int64_t most =
          std::min(kTrialsPerPass, slice.begin + slice.size - at);
      const GridSize size = size_of(at);
      const int64_t cells = size.cells();
      rows = 1;
      while (rows < most && size_of(at + rows) == size) ++rows;
      inputs.resize(static_cast<size_t>(rows * cells));
      labels.resize(inputs.size());
      Tensor chosen = at::empty({rows}, at::kLong);
      for (int64_t r = 0; r < rows; ++r) {
        const Trial& trial = trials[static_cast<size_t>(at + r)];
        sampler.Encode(trial.example, inputs.data() + r * cells,
                       labels.data() + r * cells);
        chosen.mutable_data_ptr<int64_t>()[r] = trial.candidate;
      }
      const auto move = [&](std::vector<uint8_t>& bytes) {
        return at::from_blob(bytes.data(), {rows, cells}, at::kByte)
            .to(device, at::kLong);
      };
      const Tensor tokens = move(inputs);
      Tensor wanted = move(labels);
      wanted = at::where(wanted == kPadToken, kIgnoredLabel, wanted);
      const StepOutput out =
          model.Step(model.StartLatents(rows, cells), tokens,
                     candidates.index_select(0, chosen.to(device)), {size, {}});
      const Tensor losses = (TokenLoss(loss, out.logits, wanted).sum(-1) /
                             (wanted >= 0).sum(-1).clamp_min(1))
                                .to(at::kCPU, at::kDouble)
                                .contiguous();
      for (int64_t r = 0; r < rows; ++r) {
        // A non-finite loss (a diverged network) ranks last.
        const double value = losses.const_data_ptr<double>()[r];
        trials[static_cast<size_t>(at + r)].loss =
            std::isfinite(value) ? value : std::numeric_limits<double>::max();
      }
    }
  });
}

int EmbeddingInitSearch::Match(const EmbeddingInitPlan& plan, double limit_s,
                               const std::function<void(int, int)>& progress,
                               Tensor& table) const {
  at::NoGradGuard no_grad;
  const absl::Time start = RealClock().Now();
  const auto best = [](const std::vector<Trial>& trials, size_t wanted) {
    std::map<int64_t, double> sums;
    for (const Trial& trial : trials) sums[trial.candidate] += trial.loss;
    std::vector<std::pair<double, int64_t>> ranked;
    ranked.reserve(sums.size());
    for (const auto& [candidate, sum] : sums) {
      ranked.emplace_back(sum, candidate);
    }
    std::sort(ranked.begin(), ranked.end());
    ranked.resize(std::min(ranked.size(), wanted));
    return ranked;
  };
  size_t max_augmentations = 0;
  for (const TaskEmbeddings& task : ids.tasks) {
    max_augmentations = std::max(max_augmentations, task.augmentations.size());
  }
  const int wanted = static_cast<int>(
      std::count(plan.is_new.begin(), plan.is_new.end(), true));
  int matched = 0;
  for (size_t a = 0; a < max_augmentations; ++a) {
    for (size_t t = 0; t < ids.tasks.size(); ++t) {
      const TaskEmbeddings& task = ids.tasks[t];
      if (a >= task.augmentations.size()) continue;
      const int64_t id = task.first_id + static_cast<int64_t>(a);
      if (!plan.is_new[static_cast<size_t>(id)]) continue;
      if (StopSignal() != 0 ||
          absl::ToDoubleSeconds(RealClock().Now() - start) > limit_s) {
        if (a > 0) table[id].copy_(table[task.first_id]);
        continue;
      }
      Example example =
          sampler.InPlace(static_cast<int>(t), static_cast<int>(a));
      std::vector<Trial> trials;
      for (int64_t c = 0; c < plan.candidates.size(0); ++c) {
        trials.push_back({example, c});
      }
      Run(plan.candidates, trials);
      const auto finalists = best(trials, kFinalists);
      trials.clear();
      for (const auto& [sum, candidate] : finalists) {
        for (size_t p = 0; p < dataset.tasks[t].pairs.size(); ++p) {
          example.pair = static_cast<int>(p);
          trials.push_back({example, candidate});
        }
      }
      Run(plan.candidates, trials);
      table[id].copy_(plan.candidates[best(trials, 1)[0].second]);
      progress(++matched, wanted);
    }
  }
  return matched;
}

}  // namespace arctrm::internal
