// SPDX-License-Identifier: MIT
#include "solver/train/state.h"

#include <cmath>

namespace arctrm::internal {
namespace {

at::TensorOptions Longs() { return at::TensorOptions().dtype(at::kLong); }

// A zero batch that gives InitialCarry its shape.
Batch EmptyBatch(int64_t rows, int64_t cells, at::Device device) {
  const at::TensorOptions longs = Longs().device(device);
  return {at::zeros({rows, cells}, longs), at::zeros({rows, cells}, longs),
          at::zeros({rows}, longs)};
}

std::unique_ptr<Model> FreshModel(const TrainRequest& request,
                                  at::Device device,
                                  at::ScalarType forward_dtype) {
  Random random(request.spec.seed, "init");
  return std::make_unique<Model>(request.spec.model, device, forward_dtype,
                                 random);
}

}  // namespace

BatchState::BatchState(const TrainRequest& request, Slice own_slice,
                       const Model& model)
    : slice(own_slice),
      carry(InitialCarry(
          model, EmptyBatch(own_slice.size, request.spec.model.num_cells(),
                            model.device()))),
      ids(at::zeros({request.spec.train.batch}, Longs())),
      windows(at::zeros({request.spec.train.batch, 4}, Longs())),
      fresh(at::zeros({2, own_slice.size, request.spec.model.num_cells()},
                      at::kByte)),
      examples(ExampleSampler(request.dataset, request.spec.train.translate,
                              request.spec.train.pairs_per_visit,
                              request.spec.seed,
                              request.spec.train.FittedStep())),
      exploration(request.spec.seed, "exploration") {
  windows.narrow(1, 0, 2).fill_(request.spec.model.canvas_side);
  halted.Start(at::ones({request.spec.train.batch}, at::kBool));
}

TrainState::TrainState(const TrainRequest& request, Slice slice,
                       at::Device device, at::ScalarType forward_dtype)
    : model(FreshModel(request, device, forward_dtype)),
      optimizer(model->flat()),
      batch(request, slice, *model),
      trained(TrainedTasks(*request.dataset)) {
  origin.run = request.spec.run;
  embeddings.index = EmbeddingIndexOf(*request.dataset);
  const int64_t num_ids = embeddings.index.num_ids;
  embeddings.rows =
      at::zeros({num_ids, request.spec.model.hidden},
                at::TensorOptions().dtype(at::kFloat).device(device));
  embeddings.updates.assign(static_cast<size_t>(num_ids), 0);
}

const Tensor& TrainState::AnswerWeights() const {
  return average.defined() ? average : model->flat();
}

bool TrainState::AllWeightsFinite() const {
  at::NoGradGuard no_grad;
  // A sum propagates NaN and infinity without extra memory.
  return std::isfinite(
      (model->flat().sum() + embeddings.rows.sum()).item<double>());
}

}  // namespace arctrm::internal
