// SPDX-License-Identifier: MIT
#include "pipeline/held_out.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "augment/task_window.h"
#include "base/random.h"
#include "base/status.h"

namespace arctrm {
namespace {

// Two pairs remain for training.
constexpr size_t kMinPairs = 3;

GridSize SizeFor(const HeldOutPair& pair, Canvas whole, int step) {
  if (step == 0) return whole.size();
  std::vector<Grid> inputs = pair.test_inputs;
  inputs.push_back(pair.pair.input);
  return TaskWindow(pair.known, inputs, whole.side, step);
}

}  // namespace

absl::StatusOr<std::vector<HeldOutPair>> TakeHeldOut(int64_t count,
                                                     uint64_t seed,
                                                     Dataset& dataset) {
  std::vector<size_t> tasks;
  for (size_t i = 0; i < dataset.tasks.size(); ++i) {
    if (dataset.tasks[i].pairs.size() >= kMinPairs) tasks.push_back(i);
  }
  if (count > static_cast<int64_t>(tasks.size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "can't hold out ", count, " pairs, one of each task: only ",
        tasks.size(), " tasks have ", kMinPairs, " pairs or more"));
  }
  Random random(seed, "held out");
  random.Shuffle(tasks);
  tasks.resize(static_cast<size_t>(count));
  std::sort(tasks.begin(), tasks.end());
  const std::vector<int64_t> first_ids = dataset.FirstIds();
  std::vector<HeldOutPair> held_out;
  for (const size_t i : tasks) {
    DatasetTask& task = dataset.tasks[i];
    Pair pair = std::move(task.pairs.back());
    task.pairs.pop_back();
    held_out.push_back({task.name, task.pairs, task.test_inputs, first_ids[i],
                        std::move(pair)});
  }
  return held_out;
}

absl::StatusOr<HeldOutScore> ScoreHeldOut(
    Predictor& predictor, const std::vector<HeldOutPair>& pairs) {
  const Canvas whole = predictor.canvas();
  const size_t batch = static_cast<size_t>(predictor.max_batch());
  int64_t exact = 0;
  int64_t cells = 0;
  int64_t right = 0;
  for (size_t begin = 0; begin < pairs.size(); begin += batch) {
    const size_t end = std::min(pairs.size(), begin + batch);
    std::vector<PredictorInput> inputs;
    std::vector<GridSize> sizes;
    for (size_t i = begin; i < end; ++i) {
      const GridSize size = SizeFor(pairs[i], whole, predictor.canvas_step());
      sizes.push_back(size);
      PredictorInput& input = inputs.emplace_back();
      input.embedding_id = pairs[i].embedding_id;
      input.cols = size.cols;
      input.tokens.resize(static_cast<size_t>(size.cells()));
      EncodeGrid(pairs[i].pair.input, size, {}, input.tokens.data());
    }
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<PredictorOutput> outputs,
                            predictor.Predict(inputs));
    for (size_t i = begin; i < end; ++i) {
      const Grid answer = CropGrid(outputs[i - begin].tokens, sizes[i - begin]);
      const Grid& known = pairs[i].pair.output;
      exact += answer == known;
      cells += known.size();
      if (answer.rows() != known.rows() || answer.cols() != known.cols()) {
        continue;
      }
      for (size_t c = 0; c < known.cells().size(); ++c) {
        right += answer.cells()[c] == known.cells()[c];
      }
    }
  }
  HeldOutScore score;
  if (pairs.empty()) return score;
  score.exact = static_cast<double>(exact) / static_cast<double>(pairs.size());
  score.accuracy = static_cast<double>(right) / static_cast<double>(cells);
  return score;
}

}  // namespace arctrm
