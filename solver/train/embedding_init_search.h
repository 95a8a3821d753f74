// SPDX-License-Identifier: MIT
// The search of train.embedding_init = best_match.
#pragma once

#include <functional>
#include <vector>

#include "augment/dataset.h"
#include "solver/device/batch_thread_pool.h"
#include "solver/device/torch.h"
#include "solver/embedding_index.h"
#include "solver/nn/act.h"
#include "solver/nn/model.h"
#include "solver/train/sampler.h"

namespace arctrm::internal {

// The embedding rows to initialise, and the candidates for them.
struct EmbeddingInitPlan {
  std::vector<bool> is_new;  // by embedding row
  Tensor candidates;  // (C, D) float32, on the model's device; undefined: none
};

// `wanted` embedding rows (0: all), evenly spaced over rows 1 … of `table`
// (num_ids, D).
Tensor EvenlySpacedRows(const Tensor& table, int64_t wanted);

// Borrows all references.
struct EmbeddingInitSearch {
  const Model& model;
  LossKind loss;
  BatchThreadPool& workers;
  const ExampleSampler& sampler;
  const Dataset& dataset;
  const EmbeddingIndex& ids;

  // Sets every new row of `table` (num_ids, D) to the candidate with the least
  // token loss after one supervision step on the pairs of its task under its
  // augmentation. All candidates run on the first pair, the best few on all
  // pairs. The search takes the first augmentation of each task, then the
  // second, and so on. After `limit_s` seconds or at a stop signal, the
  // remaining rows copy the first row of their task. Calls progress(rows done,
  // all new rows). Returns the number of matched rows.
  int Match(const EmbeddingInitPlan& plan, double limit_s,
            const std::function<void(int, int)>& progress, Tensor& table) const;

 private:
  struct Trial {
    Example example;
    int64_t candidate = 0;
    double loss = 0;
  };
  // Computes the loss of every trial.
  void Run(const Tensor& candidates, std::vector<Trial>& trials) const;
};

}  // namespace arctrm::internal
