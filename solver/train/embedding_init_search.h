// SPDX-License-Identifier: MIT
// Where new embedding rows start: train.new_rows = match.
#pragma once

#include <functional>
#include <vector>

#include "augment/dataset.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/device/torch.h"
#include "solver/embedding_index.h"
#include "solver/nn/model.h"
#include "solver/train/sampler.h"

namespace arctrm::internal {

// The rows to fill, and the rows that may fill them.
struct NewRows {
  std::vector<bool> is_new;  // by id
  Tensor candidates;  // (C, D) float32, on the model's device; undefined: none
};

// `wanted` rows (0: all), evenly spaced over ids 1 … of a table (num_ids, D).
Tensor SpacedRows(const Tensor& table, int64_t wanted);

// What the trials run on; borrows everything.
struct EmbeddingInitSearch {
  const Model& model;
  const TrainOptions& train;
  BatchThreadPool& workers;
  const ExampleSampler& sampler;
  const Dataset& dataset;
  const EmbeddingIndex& ids;

  // Puts into `table` (num_ids, D), for every new id, the candidate with the
  // least token loss after one supervision step on the pairs of its task and
  // copy: all candidates on the first pair, the best few on all pairs. The
  // tasks themselves come first, then the first copy of each, and so on. Past
  // `limit_s` seconds or at a stop signal the rest start from the row of their
  // task. `progress` is called with (rows done, rows in all). Returns how many
  // were matched.
  int Match(const NewRows& rows, double limit_s,
            const std::function<void(int, int)>& progress, Tensor& table) const;

 private:
  struct Trial {
    Example example;
    int64_t candidate = 0;
    double loss = 0;
  };
  void Run(const Tensor& candidates, std::vector<Trial>& trials) const;
};

}  // namespace arctrm::internal
