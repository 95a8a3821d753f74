// SPDX-License-Identifier: MIT
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"
#include "solver/nn/parameter_shapes.h"

namespace arctrm {
namespace internal {
namespace {

absl::Status CheckTensors(const SafetensorsFile& file,
                          const CheckpointInfo& info) {
  std::vector<ParameterShape> wanted = ParameterShapes(info.model);
  const int64_t d = info.model.hidden;
  wanted.push_back({"inner.H_init", {d}});
  wanted.push_back({"inner.L_init", {d}});
  wanted.push_back({kTableName, {info.ids.num_ids, d}});
  for (const ParameterShape& shape : wanted) {
    const TensorEntry* entry = file.Find(shape.name);
    if (entry == nullptr) {
      return absl::DataLossError(absl::StrCat("lacks ", shape.name));
    }
    if (entry->shape != shape.sizes) {
      return absl::DataLossError(absl::StrCat(
          shape.name, " is (", absl::StrJoin(entry->shape, ", "),
          "), its settings need (", absl::StrJoin(shape.sizes, ", "), ")"));
    }
  }
  return CheckAllFinite(file);
}

}  // namespace
}  // namespace internal

absl::StatusOr<CheckpointInfo> CheckWeights(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(path));
  ARCTRM_ASSIGN_OR_RETURN(
      const internal::SafetensorsFile file,
      internal::ReadCheckpointTensors(info.dir, internal::kWeightsFile));
  ARCTRM_RETURN_IF_ERROR(Annotate(internal::CheckTensors(file, info),
                                  JoinPath(info.dir, internal::kWeightsFile)));
  return info;
}

absl::Status CheckSameNetwork(const CheckpointInfo& info,
                              const ModelOptions& model) {
  ModelOptions known = info.model;
  known.h_cycles = model.h_cycles;
  known.l_cycles = model.l_cycles;
  known.halt_max_steps = model.halt_max_steps;
  const std::string difference = FirstDifference(known, model);
  if (difference.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      info.dir, ": ", difference,
      "; training from a checkpoint needs its network and canvas"));
}

}  // namespace arctrm
