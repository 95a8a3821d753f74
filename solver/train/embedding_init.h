// SPDX-License-Identifier: MIT
// Initial embedding rows of a training. Rows of the start checkpoint keep their
// values, new rows start by train.embedding_init.
#pragma once

#include "solver/checkpoint_info.h"
#include "solver/device/torch.h"
#include "solver/train/embedding_init_search.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// Fills state.embeddings from the embedding rows `known` (num_ids, D) of a
// checkpoint with index `index`. New rows become zero or the mean of the known
// rows.
EmbeddingInitPlan InitEmbeddings(const TrainRequest& request,
                                 const EmbeddingIndex& index,
                                 const Tensor& known, TrainState& state);

// train.embedding_init = best_match: sets new rows to the candidates with the
// least loss, within train.match_share of the time. All processes call it; rank
// 0 searches.
void SearchEmbeddingInit(const EmbeddingInitPlan& plan, Training& training);

}  // namespace arctrm::internal
