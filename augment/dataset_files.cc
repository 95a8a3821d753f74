// SPDX-License-Identifier: MIT
// The byte layout is described in docs/formats.md.
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "augment/dataset.h"
#include "augment/internal/dataset_index.h"
#include "augment/internal/dataset_shard.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/output_guard.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr absl::string_view kIndexName = "dataset.json";
// A shard ends once it has this size before compression.
constexpr size_t kShardBytes = size_t{4} << 20;

std::string ShardName(size_t index) {
  return absl::StrCat("shard-", absl::Dec(index, absl::kZeroPad5), ".zst");
}

std::string WithoutSlash(absl::string_view dir) {
  while (dir.size() > 1 && absl::EndsWith(dir, "/")) dir.remove_suffix(1);
  return std::string(dir);
}

// A dataset must not replace a folder with other files.
absl::Status CheckReplaceable(const std::string& dir) {
  if (!FileExists(dir)) return absl::OkStatus();
  if (!IsDirectory(dir)) {
    return absl::FailedPreconditionError(absl::StrCat(
        dir, ": is a file; a dataset is a folder, give another path"));
  }
  return CheckOurFolder(dir, IsDatasetName, kDatasetMark);
}

absl::Status CheckWhole(const Dataset& dataset, const DatasetIndex& index,
                        const std::string& path) {
  const auto check = [&](absl::string_view what, int64_t said,
                         int64_t found) -> absl::Status {
    if (said == found) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(path, ": says ", said, " ", what,
                                            ", but its shards hold ", found));
  };
  ARCTRM_RETURN_IF_ERROR(
      check("tasks", index.tasks, static_cast<int64_t>(dataset.tasks.size())));
  ARCTRM_RETURN_IF_ERROR(check("embedding rows", index.ids, dataset.num_ids()));
  ARCTRM_RETURN_IF_ERROR(
      check("examples", index.examples, dataset.num_examples()));
  std::set<absl::string_view> names;
  for (const DatasetTask& task : dataset.tasks) {
    if (!names.insert(task.name).second) {
      return absl::DataLossError(
          absl::StrCat(path, ": the task ", task.name, " occurs twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool IsDatasetName(absl::string_view name) {
  return name == kIndexName ||
         (absl::StartsWith(name, "shard-") && absl::EndsWith(name, ".zst"));
}

absl::StatusOr<int64_t> WriteDataset(const Dataset& dataset,
                                     absl::string_view path) {
  const std::string dir = WithoutSlash(path);
  ARCTRM_RETURN_IF_ERROR(CheckReplaceable(dir));
  const std::string fresh = FreshName(dir);
  ARCTRM_RETURN_IF_ERROR(RemoveAll(fresh));
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(fresh));
  DatasetIndex index = IndexOf(dataset);
  int64_t bytes = 0;
  for (size_t next = 0; next < dataset.tasks.size();) {
    ShardWriter writer;
    while (next < dataset.tasks.size() && writer.size() < kShardBytes) {
      ARCTRM_RETURN_IF_ERROR(
          Annotate(writer.Add(dataset.tasks[next]),
                   absl::StrCat("task ", dataset.tasks[next].name)));
      ++next;
    }
    const int64_t tasks = writer.num_tasks();
    const std::string raw = std::move(writer).Finish();
    const std::string frame = ZstdCompress(raw);
    const std::string name = ShardName(index.shards.size());
    ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(fresh, name), frame));
    index.shards.push_back({name, tasks, static_cast<int64_t>(frame.size()),
                            static_cast<int64_t>(raw.size()),
                            Sha256Hex(frame)});
    bytes += static_cast<int64_t>(frame.size());
  }
  const std::string text = IndexText(index);
  ARCTRM_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(fresh, kIndexName), text));
  ARCTRM_RETURN_IF_ERROR(ReplaceDirectory(fresh, dir));
  return bytes + static_cast<int64_t>(text.size());
}

absl::StatusOr<Dataset> ReadDataset(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string dir,
                          ResolveDirectory(WithoutSlash(path)));
  const std::string index_path = JoinPath(dir, kIndexName);
  if (!FileExists(index_path)) {
    return absl::NotFoundError(absl::StrCat(
        dir, ": this is not a dataset (", kIndexName,
        " is missing); `arctrm augment` makes one from a challenges file"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(index_path));
  ARCTRM_ASSIGN_OR_RETURN(const DatasetIndex index,
                          ParseIndex(text, index_path));
  Dataset dataset;
  dataset.canvas = index.canvas;
  dataset.seed = index.seed;
  dataset.augmentations_asked = index.augmentations_asked;
  for (const DatasetIndex::Shard& shard : index.shards) {
    const std::string shard_path = JoinPath(dir, shard.file);
    auto frame = ReadFile(shard_path);
    if (absl::IsNotFound(frame.status())) {
      return absl::DataLossError(
          absl::StrCat(shard_path, ": missing, but ", kIndexName, " names it"));
    }
    ARCTRM_RETURN_IF_ERROR(frame.status());
    ARCTRM_RETURN_IF_ERROR(
        ReadShard(*frame, shard, index.canvas, shard_path, &dataset.tasks));
  }
  ARCTRM_RETURN_IF_ERROR(CheckWhole(dataset, index, index_path));
  return dataset;
}

}  // namespace arctrm
