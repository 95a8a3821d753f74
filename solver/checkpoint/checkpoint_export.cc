// SPDX-License-Identifier: MIT
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"
#include "solver/nn/parameter_shapes.h"

namespace arctrm {
namespace {

// Two embedding rows: the blank row with zeros, and the mean of all others.
absl::StatusOr<std::vector<float>> MeanRow(const internal::TensorEntry& table) {
  if (table.dtype != "F32" || table.shape.size() != 2) {
    return absl::DataLossError(absl::StrCat(
        internal::kTableName, ": expected embedding rows of F32 numbers"));
  }
  const size_t rows = static_cast<size_t>(table.shape[0]);
  const size_t d = static_cast<size_t>(table.shape[1]);
  std::vector<double> sum(d, 0);
  for (size_t r = 1; r < rows; ++r) {
    for (size_t i = 0; i < d; ++i) {
      float value = 0;
      std::memcpy(&value, table.bytes.data() + (r * d + i) * sizeof(float),
                  sizeof(float));
      sum[i] += value;
    }
  }
  std::vector<float> out(2 * d, 0);
  for (size_t i = 0; i < d && rows > 1; ++i) {
    out[d + i] = static_cast<float>(sum[i] / static_cast<double>(rows - 1));
  }
  return out;
}

}  // namespace

absl::Status ExportCheckpoint(const std::string& path, const std::string& out,
                              const ExportOptions& options) {
  ARCTRM_ASSIGN_OR_RETURN(CheckpointInfo info, ReadCheckpointInfo(path));
  info.run.clear();
  ARCTRM_ASSIGN_OR_RETURN(
      std::string bytes,
      internal::ReadCheckpointFile(info.dir, internal::kWeightsFile));
  if (!options.mean_row) {
    return internal::WriteCheckpoint(
        out, info, {{internal::kWeightsFile, std::move(bytes)}});
  }
  ARCTRM_ASSIGN_OR_RETURN(
      const internal::SafetensorsFile file,
      internal::SafetensorsFile::Parse(
          std::move(bytes), JoinPath(info.dir, internal::kWeightsFile)));
  std::vector<float> rows;
  std::vector<internal::TensorToWrite> tensors;
  for (const auto& [name, entry] : file.tensors()) {
    internal::TensorToWrite tensor = {name, entry.dtype, entry.shape,
                                      entry.bytes};
    if (name == internal::kTableName) {
      ARCTRM_ASSIGN_OR_RETURN(rows, MeanRow(entry));
      tensor.shape[0] = 2;
      tensor.bytes =
          absl::string_view(reinterpret_cast<const char*>(rows.data()),
                            rows.size() * sizeof(float));
    }
    tensors.push_back(std::move(tensor));
  }
  info.ids = EmbeddingIndex();
  info.ids.num_ids = 2;
  return internal::WriteCheckpoint(
      out, info,
      {{internal::kWeightsFile,
        internal::SafetensorsBytes(tensors, file.metadata())}});
}

}  // namespace arctrm
