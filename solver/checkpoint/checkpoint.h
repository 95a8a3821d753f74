// SPDX-License-Identifier: MIT
// Converts between models and the tensors of checkpoint files.
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

// The content of a safetensors file: named tensors in order, and metadata.
struct TensorMap {
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;
};

// The type of a safetensors dtype name; float32 for unknown names.
at::ScalarType DtypeOf(absl::string_view name);

// "(2, 3)".
std::string ShapeText(at::IntArrayRef shape);

std::string ToSafetensors(const TensorMap& map);
// A copy of a tensor of the file; DataLoss if it is missing or has another
// shape (empty `shape`: any).
absl::StatusOr<Tensor> GetTensor(const SafetensorsFile& file,
                                 const std::string& name,
                                 const std::vector<int64_t>& shape);

// The published state dict: parameters from `flat` (laid out like
// model.flat()), start states, embedding rows.
TensorMap ModelTensors(const Model& model, const Tensor& flat,
                       const Tensor& table);

// Fills model.flat() and its start states, and returns the embedding rows
// (num_ids, D) on the CPU. DataLoss names the first tensor that is missing or
// has another shape.
absl::StatusOr<Tensor> LoadModelTensors(const SafetensorsFile& file,
                                        int64_t num_ids, Model& model);

}  // namespace arctrm::internal
