// SPDX-License-Identifier: MIT
#include "augment/internal/dataset_index.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"

namespace arctrm {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr char kFormat[] = "arctrm-dataset";
// The format of ARC datasets is the same since version 1.
constexpr int64_t kArcVersion = 1;
constexpr int64_t kIndexVersion = 2;

// Reads members of one object and keeps the first fault.
class Members {
 public:
  Members(object members, absl::string_view path)
      : members_(members), path_(path) {}

  std::string Text(const char* key) {
    std::string_view text;
    if (members_[key].get(text) != simdjson::SUCCESS) Fault(key, "text");
    return std::string(text);
  }

  int64_t Count(const char* key, int64_t low, int64_t high) {
    int64_t count = 0;
    if (members_[key].get(count) != simdjson::SUCCESS || count < low ||
        count > high) {
      Fault(key, absl::StrCat("an integer from ", low, " to ", high));
      return low;
    }
    return count;
  }

  uint64_t Unsigned(const char* key) {
    uint64_t value = 0;
    if (members_[key].get(value) != simdjson::SUCCESS) {
      Fault(key, "an unsigned integer");
    }
    return value;
  }

  array List(const char* key) {
    array list;
    if (members_[key].get(list) != simdjson::SUCCESS) Fault(key, "a list");
    return list;
  }

  const absl::Status& status() const { return status_; }

 private:
  void Fault(const char* key, absl::string_view expected) {
    if (!status_.ok()) return;
    status_ = absl::DataLossError(absl::StrCat(path_, ": damaged: expected ",
                                               expected, " as \"", key,
                                               "\"; build the dataset again"));
  }

  object members_;
  absl::string_view path_;
  absl::Status status_;
};

absl::Status CheckFormat(object root, absl::string_view text,
                         absl::string_view path) {
  absl::Status damaged = absl::DataLossError(
      absl::StrCat(path,
                   ": wrong checksum; it was damaged or changed after it was "
                   "written. Build the dataset again"));
  std::string_view format;
  const bool ours =
      root["format"].get(format) == simdjson::SUCCESS && format == kFormat;
  std::string_view hex;
  if (root[kSelfSha256].get(hex) == simdjson::SUCCESS) {
    if (!SelfSha256Holds(text, AbslView(hex))) return damaged;
  } else if (ours) {
    return damaged;
  }
  if (!ours) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a dataset of arctrm (\"format\" is not \"",
                     kFormat, "\")"));
  }
  int64_t version = 0;
  if (root["version"].get(version) != simdjson::SUCCESS ||
      version < kArcVersion || version > kIndexVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": dataset version ", version, ", this arctrm reads versions ",
        kArcVersion, " to ", kIndexVersion,
        "; use the arctrm that wrote it or build the dataset again"));
  }
  return absl::OkStatus();
}

}  // namespace

DatasetIndex IndexOf(const Dataset& dataset) {
  DatasetIndex index;
  index.canvas = dataset.canvas;
  index.seed = dataset.seed;
  index.augmentations_asked = dataset.augmentations_asked;
  index.tasks = static_cast<int64_t>(dataset.tasks.size());
  index.ids = dataset.num_ids();
  index.examples = dataset.num_examples();
  return index;
}

std::string IndexText(const DatasetIndex& index) {
  nlohmann::ordered_json json;
  json["format"] = kFormat;
  const bool arc = index.canvas.kind == PuzzleKind::kArc;
  json["version"] = arc ? kArcVersion : kIndexVersion;
  if (!arc) json["kind"] = PuzzleKindName(index.canvas.kind);
  json["canvas_side"] = index.canvas.side;
  json["seed"] = index.seed;
  json["copies_asked"] = index.augmentations_asked;
  json["tasks"] = index.tasks;
  json["ids"] = index.ids;
  json["examples"] = index.examples;
  json["shards"] = nlohmann::ordered_json::array();
  for (const DatasetIndex::Shard& shard : index.shards) {
    json["shards"].push_back({{"file", shard.file},
                              {"tasks", shard.tasks},
                              {"bytes", shard.bytes},
                              {"raw_bytes", shard.raw_bytes},
                              {"sha256", shard.sha256}});
  }
  json[kSelfSha256] = std::string(kSha256Digits, '0');
  return WithSelfSha256(json.dump(1) + "\n");
}

absl::StatusOr<DatasetIndex> ParseIndex(absl::string_view text,
                                        absl::string_view path) {
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return absl::DataLossError(
        absl::StrCat(path,
                     ": not complete JSON; it was damaged after it was "
                     "written. Build the dataset again"));
  }
  ARCTRM_RETURN_IF_ERROR(CheckFormat(root, text, path));
  constexpr int64_t kMany = int64_t{1} << 40;
  Members members(root, path);
  DatasetIndex index;
  index.canvas.side =
      static_cast<int>(members.Count("canvas_side", 1, kMaxSide));
  if (root["version"].get_int64().value() > kArcVersion) {
    const absl::StatusOr<PuzzleKind> kind =
        ParsePuzzleKind(members.Text("kind"));
    ARCTRM_RETURN_IF_ERROR(members.status());
    if (!kind.ok()) {
      return absl::DataLossError(
          absl::StrCat(path, ": damaged: ", kind.status().message()));
    }
    index.canvas.kind = *kind;
  }
  index.seed = members.Unsigned("seed");
  index.augmentations_asked = static_cast<int>(
      members.Count("copies_asked", 0, std::numeric_limits<int>::max()));
  index.tasks = members.Count("tasks", 0, kMany);
  index.ids = members.Count("ids", 1, kMany);
  index.examples = members.Count("examples", 0, kMany);
  const array shards = members.List("shards");
  ARCTRM_RETURN_IF_ERROR(members.status());
  for (element item : shards) {
    object fields;
    if (item.get(fields) != simdjson::SUCCESS) {
      return absl::DataLossError(
          absl::StrCat(path, ": damaged: a shard is not an object"));
    }
    Members shard(fields, path);
    DatasetIndex::Shard out;
    out.file = shard.Text("file");
    out.tasks = shard.Count("tasks", 1, kMany);
    out.bytes = shard.Count("bytes", 1, kMany);
    out.raw_bytes = shard.Count("raw_bytes", 1, kMany);
    out.sha256 = shard.Text("sha256");
    ARCTRM_RETURN_IF_ERROR(shard.status());
    // A shard must lie in the folder of the dataset.
    if (out.file.empty() || out.file.find('/') != std::string::npos) {
      return absl::DataLossError(absl::StrCat(path, ": damaged: \"", out.file,
                                              "\" is not the name of a shard"));
    }
    index.shards.push_back(std::move(out));
  }
  return index;
}

}  // namespace arctrm
