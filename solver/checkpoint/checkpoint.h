// SPDX-License-Identifier: MIT
// Models and training states to and from checkpoint folders.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"
#include "solver/device/torch.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

// Name -> tensor, in order, with text beside: one safetensors file.
struct TensorMap {
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;
};

// The type of a safetensors dtype name, float32 for one that there isn't.
at::ScalarType DtypeOf(absl::string_view name);

// "(2, 3)".
std::string ShapeText(at::IntArrayRef shape);

std::string ToSafetensors(const TensorMap& map);
// A tensor of the file, copied; DataLoss when it is missing or has another
// shape (empty `shape`: any).
absl::StatusOr<Tensor> GetTensor(const SafetensorsFile& file,
                                 const std::string& name,
                                 const std::vector<int64_t>& shape);

// The published state dict: parameters from `flat` (laid out like
// model.flat()), start states, embedding table.
TensorMap ModelTensors(const Model& model, const Tensor& flat,
                       const Tensor& table);

// Fills model.flat(), its start states and returns the table (num_ids, D) on
// the CPU. DataLoss names the first tensor that is missing or has another
// shape.
absl::StatusOr<Tensor> LoadModelTensors(const SafetensorsFile& file,
                                        int64_t num_ids, Model& model);

}  // namespace arctrm::internal
