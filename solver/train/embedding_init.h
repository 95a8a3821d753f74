// SPDX-License-Identifier: MIT
// Where the embedding rows of a training start from: rows that the checkpoint
// has keep their values, new ones start as train.new_rows says.
#pragma once

#include "solver/checkpoint_info.h"
#include "solver/device/torch.h"
#include "solver/train/embedding_init_search.h"
#include "solver/train/step.h"

namespace arctrm::internal {

// Fills state.embeddings from a checkpoint's table `known` (num_ids, D) with
// index `index`. New rows become zero or the mean of all known rows.
NewRows InitEmbeddings(const TrainRequest& request, const EmbeddingIndex& index,
                       const Tensor& known, TrainState& state);

// train.new_rows = match: replaces new rows by the candidate that answers best,
// within train.match_share of the time. All processes call it; the first one
// searches.
void MatchNewRows(const NewRows& rows, Training& training);

}  // namespace arctrm::internal
