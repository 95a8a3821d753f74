// SPDX-License-Identifier: MIT
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "augment/leak_guard.h"
#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

using internal::TensorEntry;

// Adds the numbers of `from` to `sum`.
void AddNumbers(const TensorEntry& from, std::vector<double>& sum) {
  sum.resize(from.bytes.size() / sizeof(float), 0);
  for (size_t i = 0; i < sum.size(); ++i) {
    float value = 0;
    std::memcpy(&value, from.bytes.data() + i * sizeof(float), sizeof(float));
    sum[i] += value;
  }
}

absl::Status CheckSame(const CheckpointInfo& first, const CheckpointInfo& other,
                       const std::string& path) {
  const auto differs = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": its ", what, " differs from ", first.dir,
                     "; only checkpoints of one network and the same tasks can "
                     "be averaged"));
  };
  if (!(other.model == first.model)) return differs("network");
  if (other.ids.num_ids != first.ids.num_ids ||
      other.ids.tasks.size() != first.ids.tasks.size()) {
    return differs("list of embedding rows");
  }
  for (size_t i = 0; i < first.ids.tasks.size(); ++i) {
    const TaskEmbeddings& a = first.ids.tasks[i];
    const TaskEmbeddings& b = other.ids.tasks[i];
    if (a.name != b.name || a.first_id != b.first_id ||
        a.augmentations != b.augmentations) {
      return differs(absl::StrCat("rows of task ", b.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AverageCheckpoints(const std::vector<std::string>& paths,
                                const std::string& out) {
  ARCTRM_CHECK(!paths.empty());
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo first,
                          ReadCheckpointInfo(paths[0]));
  CheckpointInfo info;
  std::vector<TrainedTask> trained;
  std::vector<std::string> names;
  std::vector<std::vector<int64_t>> shapes;
  std::vector<std::vector<double>> sums;
  std::map<std::string, std::string> metadata;
  for (const std::string& path : paths) {
    ARCTRM_ASSIGN_OR_RETURN(info, ReadCheckpointInfo(path));
    ARCTRM_RETURN_IF_ERROR(CheckSame(first, info, path));
    MergeTrainedTasks(info.trained, trained);
    ARCTRM_ASSIGN_OR_RETURN(
        const internal::SafetensorsFile file,
        internal::ReadCheckpointTensors(info.dir, internal::kWeightsFile));
    if (names.empty()) {
      metadata = file.metadata();
      for (const auto& [name, entry] : file.tensors()) {
        names.push_back(name);
        shapes.push_back(entry.shape);
      }
      sums.resize(names.size());
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const TensorEntry* entry = file.Find(names[i]);
      if (entry == nullptr || entry->dtype != "F32" ||
          entry->shape != shapes[i]) {
        return absl::DataLossError(
            absl::StrCat(path, ": ", names[i], " does not fit the settings"));
      }
      AddNumbers(*entry, sums[i]);
    }
  }
  info.trained = std::move(trained);
  info.run.clear();
  std::vector<std::vector<float>> means(sums.size());
  std::vector<internal::TensorToWrite> tensors;
  for (size_t i = 0; i < sums.size(); ++i) {
    means[i].reserve(sums[i].size());
    for (const double sum : sums[i]) {
      means[i].push_back(
          static_cast<float>(sum / static_cast<double>(paths.size())));
    }
    tensors.push_back(
        {names[i], "F32", shapes[i],
         absl::string_view(reinterpret_cast<const char*>(means[i].data()),
                           means[i].size() * sizeof(float))});
  }
  return internal::WriteCheckpoint(
      out, info,
      {{internal::kWeightsFile,
        internal::SafetensorsBytes(tensors, metadata)}});
}

}  // namespace arctrm
