// SPDX-License-Identifier: MIT
#include "solver/checkpoint/checkpoint_files.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/clock.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/options.h"
#include "base/output_guard.h"
#include "base/printable.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint/weights_file.h"

namespace arctrm {
namespace internal {
namespace {

constexpr char kFormat[] = "arctrm-checkpoint";
constexpr int kVersion = 1;
constexpr int64_t kMaxIdsBytes = int64_t{1} << 31;

std::string IdsJson(const CheckpointInfo& info) {
  nlohmann::ordered_json ids = nlohmann::ordered_json::object();
  ids["num_ids"] = info.ids.num_ids;
  nlohmann::ordered_json tasks = nlohmann::ordered_json::array();
  for (const TaskEmbeddings& task : info.ids.tasks) {
    nlohmann::ordered_json augmentations = nlohmann::ordered_json::array();
    for (const Augmentation& augmentation : task.augmentations) {
      augmentations.push_back(augmentation.Key());
    }
    tasks.push_back({{"name", task.name},
                     {"first_id", task.first_id},
                     {"copies", std::move(augmentations)},
                     {"updates", task.updates}});
  }
  ids["tasks"] = std::move(tasks);
  nlohmann::ordered_json trained = nlohmann::ordered_json::array();
  for (const TrainedTask& task : info.trained) {
    nlohmann::ordered_json pairs = nlohmann::ordered_json::array();
    for (uint64_t hash : task.pair_hashes) {
      pairs.push_back(absl::StrFormat("%016x", hash));
    }
    trained.push_back({{"name", task.name},
                       {"test_pairs", task.test_pairs},
                       {"pairs", std::move(pairs)}});
  }
  ids["trained"] = std::move(trained);
  if (!info.run.empty()) ids["run"] = info.run;
  return ids.dump();
}

// ParseIds() prefixes messages of these with the path.
absl::StatusOr<TaskEmbeddings> ParseTask(const simdjson::dom::element& item) {
  TaskEmbeddings task;
  std::string_view name;
  simdjson::dom::array augmentations;
  simdjson::dom::array updates;
  if (item["name"].get(name) != simdjson::SUCCESS ||
      item["first_id"].get(task.first_id) != simdjson::SUCCESS ||
      item["copies"].get(augmentations) != simdjson::SUCCESS ||
      item["updates"].get(updates) != simdjson::SUCCESS ||
      augmentations.size() != updates.size()) {
    return absl::DataLossError(
        "a task lacks name, first_id, copies or updates");
  }
  task.name = std::string(name);
  for (const auto augmentation : augmentations) {
    std::string_view key;
    if (augmentation.get(key) != simdjson::SUCCESS) {
      return absl::DataLossError("an augmentation is not a string");
    }
    ARCTRM_ASSIGN_OR_RETURN(task.augmentations.emplace_back(),
                            Augmentation::FromKey(AbslView(key)));
  }
  for (const auto update : updates) {
    if (update.get(task.updates.emplace_back()) != simdjson::SUCCESS) {
      return absl::DataLossError("an update count is not a number");
    }
  }
  return task;
}

absl::StatusOr<TrainedTask> ParseTrainedTask(
    const simdjson::dom::element& item) {
  TrainedTask task;
  std::string_view name;
  simdjson::dom::array pairs;
  if (item["name"].get(name) != simdjson::SUCCESS ||
      item["test_pairs"].get(task.test_pairs) != simdjson::SUCCESS ||
      item["pairs"].get(pairs) != simdjson::SUCCESS) {
    return absl::DataLossError(
        "a trained task lacks name, test_pairs or pairs");
  }
  task.name = std::string(name);
  for (const auto pair : pairs) {
    std::string_view hex;
    if (pair.get(hex) != simdjson::SUCCESS ||
        !absl::SimpleHexAtoi(AbslView(hex), &task.pair_hashes.emplace_back())) {
      return absl::DataLossError("a content hash is not a hexadecimal number");
    }
  }
  return task;
}

absl::Status ParseIds(const std::string& path, const std::string& json,
                      CheckpointInfo& info) {
  const auto damaged = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(path, ": ", what));
  };
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  if (parser.parse(json).get(root) != simdjson::SUCCESS ||
      root["num_ids"].get(info.ids.num_ids) != simdjson::SUCCESS) {
    return damaged("not the embedding index of a checkpoint");
  }
  std::string_view run;
  const simdjson::error_code has_run = root["run"].get(run);
  if (has_run == simdjson::SUCCESS) {
    info.run = std::string(run);
  } else if (has_run != simdjson::NO_SUCH_FIELD) {
    return damaged("\"run\" is not a string");
  }
  simdjson::dom::array tasks;
  if (root["tasks"].get(tasks) != simdjson::SUCCESS) {
    return damaged("no \"tasks\"");
  }
  int64_t next_id = 1;
  for (const auto item : tasks) {
    absl::StatusOr<TaskEmbeddings> task = ParseTask(item);
    if (!task.ok()) return Annotate(task.status(), path);
    if (task->first_id < next_id) return damaged("embedding rows overlap");
    next_id = task->first_id + static_cast<int64_t>(task->augmentations.size());
    if (next_id > info.ids.num_ids) {
      return damaged("more embedding rows than num_ids");
    }
    info.ids.tasks.push_back(*std::move(task));
  }
  simdjson::dom::array trained;
  if (root["trained"].get(trained) != simdjson::SUCCESS) {
    return damaged("no \"trained\"");
  }
  for (const auto item : trained) {
    absl::StatusOr<TrainedTask> task = ParseTrainedTask(item);
    if (!task.ok()) return Annotate(task.status(), path);
    info.trained.push_back(*std::move(task));
  }
  return absl::OkStatus();
}

nlohmann::ordered_json Settings(const CheckpointInfo& info) {
  ModelOptions model = info.model;
  TrainOptions train = info.train;
  OptionSet set;
  AddOptions(model, set);
  AddOptions(train, set);
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();
  for (const OptionSet::Item& item : set.Items()) {
    settings[item.key] = item.value;
  }
  return settings;
}

// The root of checkpoint.json, owned by `parser`. Checks the file's own
// checksum, which older checkpoints lack.
absl::StatusOr<simdjson::dom::element> ReadDescription(
    const std::string& path, simdjson::dom::parser& parser) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string json,
                          ReadKeptFile(Dirname(path), Basename(path)));
  simdjson::dom::element root;
  simdjson::dom::object members;
  std::string_view format;
  int64_t version = 0;
  if (parser.parse(json).get(root) != simdjson::SUCCESS ||
      root.get(members) != simdjson::SUCCESS ||
      root["format"].get(format) != simdjson::SUCCESS || format != kFormat ||
      root["version"].get(version) != simdjson::SUCCESS) {
    return absl::DataLossError(
        absl::StrCat(path, ": damaged, or not the settings of a checkpoint"));
  }
  if (version != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": format version ", version,
                     "; this arctrm reads version ", kVersion));
  }
  constexpr std::array<std::string_view, 6> kMembers = {
      "format", "version", "step", "train_time_s", "settings", "files"};
  for (const auto member : members) {
    std::string_view hex;
    // Rejects unknown members, because damage to the name of the checksum must
    // not hide it.
    const bool sound = member.key == kSelfSha256
                           ? member.value.get(hex) == simdjson::SUCCESS &&
                                 SelfSha256Holds(json, AbslView(hex))
                           : std::find(kMembers.begin(), kMembers.end(),
                                       member.key) != kMembers.end();
    if (sound) continue;
    return absl::DataLossError(absl::StrCat(
        path,
        ": damaged, or changed after it was written; use another copy of the "
        "checkpoint"));
  }
  return root;
}

}  // namespace

absl::Status CheckCheckpointPlace(const std::string& dir) {
  if (FileExists(dir) && !IsDirectory(dir)) {
    return absl::FailedPreconditionError(absl::StrCat(
        dir,
        ": is a file, expected a checkpoint folder; choose another "
        "--out"));
  }
  return CheckOurFolder(dir, IsCheckpointName, kCheckpointMark);
}

// All files of a checkpoint folder, the description last.
NamedFiles WholeCheckpoint(const CheckpointInfo& info, NamedFiles files) {
  files.emplace_back(kIdsFile, ZstdCompress(IdsJson(info)));
  nlohmann::ordered_json listed = nlohmann::ordered_json::object();
  for (const auto& [name, bytes] : files) {
    listed[name] = {{"bytes", bytes.size()}, {"sha256", Sha256Hex(bytes)}};
  }
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();
  settings["format"] = kFormat;
  settings["version"] = kVersion;
  settings["step"] = info.step;
  settings["train_time_s"] = info.train_time_s;
  settings["settings"] = Settings(info);
  settings["files"] = std::move(listed);
  settings[kSelfSha256] = std::string(kSha256Digits, '0');
  files.emplace_back(kSettingsFile, WithSelfSha256(settings.dump(1) + "\n"));
  return files;
}

// Checks the room before writing, so that a checkpoint that does not fit leaves
// the remaining room to smaller files.
absl::Status CheckRoom(const std::string& dir, const NamedFiles& files) {
  constexpr int64_t kOverhead = 64 << 10;  // partial blocks and the folder
  int64_t bytes = kOverhead;
  for (const auto& [name, content] : files) {
    bytes += static_cast<int64_t>(content.size());
  }
  const absl::StatusOr<int64_t> free = FreeBytes(Dirname(dir));
  if (!free.ok() || *free >= bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("can't write ", dir, ": it needs ", bytes,
                   " bytes, the disk has room for ", *free));
}

absl::Status WriteCheckpoint(const std::string& dir, const CheckpointInfo& info,
                             NamedFiles files) {
  ARCTRM_RETURN_IF_ERROR(CheckCheckpointPlace(dir));
  const std::string fresh = FreshName(dir);
  ARCTRM_RETURN_IF_ERROR(RemoveAll(fresh));
  const NamedFiles whole = WholeCheckpoint(info, std::move(files));
  ARCTRM_RETURN_IF_ERROR(CheckRoom(dir, whole));
  const auto write = [&]() -> absl::Status {
    ARCTRM_RETURN_IF_ERROR(MakeDirectories(fresh));
    for (const auto& [name, bytes] : whole) {
      ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(fresh, name), bytes));
    }
    return ReplaceDirectory(fresh, dir);
  };
  absl::Status status = write();
  if (status.ok()) {
    ForgetFolder(dir);
  } else {
    RemoveAll(fresh).IgnoreError();
  }
  return status;
}

void KeepCheckpoint(const std::string& dir, const CheckpointInfo& info,
                    NamedFiles files) {
  KeepInMemory(dir, WholeCheckpoint(info, std::move(files)));
}

// Is `path` a file outside checkpoint folders?
bool IsFileOfOthers(const std::string& path) {
  if (IsInMemory(path) || !FileExists(path) || IsDirectory(path)) return false;
  return !IsCheckpointName(Basename(path)) ||
         !FileExists(JoinPath(Dirname(path), kSettingsFile));
}

absl::StatusOr<std::string> CheckpointDir(const std::string& path) {
  std::string dir = path;
  if (IsInMemory(dir)) return dir;
  if (IsFileOfOthers(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a checkpoint folder, nor its ", kWeightsFile,
                     "; `arctrm checkpoint info ", path,
                     "` describes it, `arctrm checkpoint import ", path,
                     " --out FOLDER` converts weights from Python"));
  }
  if (FileExists(path) && !IsDirectory(path)) dir = Dirname(path);
  ARCTRM_ASSIGN_OR_RETURN(dir, ResolveDirectory(dir));
  ARCTRM_RETURN_IF_ERROR(CheckCanLook(JoinPath(dir, kSettingsFile)));
  if (FileExists(JoinPath(dir, kSettingsFile))) return dir;
  std::string found;
  const absl::StatusOr<std::vector<std::string>> names = ListFiles(dir);
  for (size_t i = 0; names.ok() && i < names->size(); ++i) {
    if (!IsWeightsFileName((*names)[i])) continue;
    found =
        absl::StrCat("; it holds ", (*names)[i], ": `arctrm checkpoint import ",
                     JoinPath(path, (*names)[i]), " --out FOLDER`");
    break;
  }
  return absl::NotFoundError(
      absl::StrCat(path, ": no checkpoint here: expected a folder with ",
                   kSettingsFile, " and ", kWeightsFile, found));
}

absl::StatusOr<std::string> ReadCheckpointFile(const std::string& dir,
                                               const std::string& name) {
  const std::string settings_path = JoinPath(dir, kSettingsFile);
  simdjson::dom::parser parser;
  ARCTRM_ASSIGN_OR_RETURN(const simdjson::dom::element root,
                          ReadDescription(settings_path, parser));
  std::string_view sha;
  uint64_t size = 0;
  if (root["files"][name]["sha256"].get(sha) != simdjson::SUCCESS ||
      root["files"][name]["bytes"].get(size) != simdjson::SUCCESS) {
    return absl::DataLossError(absl::StrCat(
        settings_path, ": damaged, or lists no file \"", name, "\""));
  }
  const std::string path = JoinPath(dir, name);
  ARCTRM_ASSIGN_OR_RETURN(std::string bytes, ReadKeptFile(dir, name));
  if (bytes.size() != size || Sha256Hex(bytes) != std::string(sha)) {
    return absl::DataLossError(absl::StrCat(
        path, ": damaged: ",
        bytes.size() == size
            ? std::string("its SHA-256 is not the one in checkpoint.json")
            : absl::StrCat("it holds ", bytes.size(), " bytes, ", size,
                           " were written"),
        "; use another copy of the checkpoint"));
  }
  return bytes;
}

absl::StatusOr<SafetensorsFile> ReadCheckpointTensors(const std::string& dir,
                                                      const std::string& name) {
  ARCTRM_ASSIGN_OR_RETURN(std::string bytes, ReadCheckpointFile(dir, name));
  return SafetensorsFile::Parse(std::move(bytes), JoinPath(dir, name));
}

}  // namespace internal

std::vector<std::string> CheckpointFileNames() {
  return {internal::kSettingsFile, internal::kIdsFile, internal::kWeightsFile,
          internal::kResumeFile};
}

bool IsCheckpointName(absl::string_view name) {
  const std::vector<std::string> names = CheckpointFileNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::StatusOr<CheckpointInfo> ReadCheckpointInfo(const std::string& path) {
  CheckpointInfo info;
  ARCTRM_ASSIGN_OR_RETURN(info.dir, internal::CheckpointDir(path));
  const std::string file = JoinPath(info.dir, internal::kSettingsFile);
  simdjson::dom::parser parser;
  ARCTRM_ASSIGN_OR_RETURN(const simdjson::dom::element root,
                          internal::ReadDescription(file, parser));
  simdjson::dom::object settings;
  if (root["step"].get(info.step) != simdjson::SUCCESS ||
      root["train_time_s"].get(info.train_time_s) != simdjson::SUCCESS ||
      root["settings"].get(settings) != simdjson::SUCCESS) {
    return absl::DataLossError(
        absl::StrCat(file, ": lacks step, train_time_s or settings"));
  }
  OptionSet set;
  AddOptions(info.model, set);
  AddOptions(info.train, set);
  for (const auto field : settings) {
    std::string_view value;
    if (field.value.get(value) != simdjson::SUCCESS) {
      return absl::DataLossError(
          absl::StrCat(file, ": a setting is not a string"));
    }
    const absl::Status status = set.Set(AbslView(field.key), AbslView(value));
    if (!status.ok()) return Annotate(status, file);
  }
  ARCTRM_RETURN_IF_ERROR(Annotate(info.model.Validate(), file));
  ARCTRM_ASSIGN_OR_RETURN(
      const std::string frame,
      internal::ReadCheckpointFile(info.dir, internal::kIdsFile));
  ARCTRM_ASSIGN_OR_RETURN(const std::string ids,
                          ZstdDecompress(frame, internal::kMaxIdsBytes));
  ARCTRM_RETURN_IF_ERROR(
      internal::ParseIds(JoinPath(info.dir, internal::kIdsFile), ids, info));
  info.has_resume_state = internal::HasFile(info.dir, internal::kResumeFile);
  return info;
}

absl::Status CheckWholeCheckpoint(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info, CheckWeights(path));
  if (!info.has_resume_state) return absl::OkStatus();
  return internal::ReadCheckpointTensors(info.dir, internal::kResumeFile)
      .status();
}

absl::StatusOr<std::string> CheckpointFingerprint(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string dir, internal::CheckpointDir(path));
  ARCTRM_ASSIGN_OR_RETURN(const std::string json,
                          internal::ReadKeptFile(dir, internal::kSettingsFile));
  return Sha256Hex(json);
}

absl::Status DropResumeState(const std::string& path) {
  const absl::StatusOr<std::string> dir = internal::CheckpointDir(path);
  if (!dir.ok()) return absl::OkStatus();
  internal::ForgetFile(*dir, internal::kResumeFile);
  return RemoveAll(JoinPath(*dir, internal::kResumeFile));
}

bool HasCheckpoint(const std::string& dir) {
  return internal::IsInMemory(dir) ||
         FileExists(JoinPath(dir, internal::kSettingsFile));
}

bool IsOnlyInMemory(const std::string& dir) {
  return internal::IsInMemory(dir);
}

void ForgetCheckpointsInMemory() { internal::ForgetAll(); }

namespace {

// Were the weights imported without embedding rows?
bool HasNoRows(const CheckpointInfo& info,
               const internal::SafetensorsFile& file) {
  const internal::TensorEntry* table = file.Find("inner.puzzle_emb.weights");
  return info.model.puzzle_prefix > 0 && info.ids.num_ids == 1 &&
         table != nullptr &&
         table->bytes.find_first_not_of('\0') == absl::string_view::npos;
}

struct IndexCounts {
  int64_t augmentations = 0;
  int64_t updated = 0;        // embedding rows with updates
  int64_t least_updates = 0;  // of an embedding row
  int64_t with_test_pairs = 0;
};
IndexCounts CountIndex(const CheckpointInfo& info) {
  IndexCounts counts;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const TaskEmbeddings& task : info.ids.tasks) {
    counts.augmentations += static_cast<int64_t>(task.augmentations.size());
    for (int64_t updates : task.updates) {
      if (updates > 0) ++counts.updated;
      least = std::min(least, updates);
    }
  }
  if (counts.augmentations > 0) counts.least_updates = least;
  for (const TrainedTask& task : info.trained) {
    if (task.test_pairs) ++counts.with_test_pairs;
  }
  return counts;
}

std::string InfoJson(const CheckpointInfo& info,
                     const internal::SafetensorsFile& file,
                     size_t weights_bytes) {
  const IndexCounts counts = CountIndex(info);
  nlohmann::ordered_json out = {
      {"path", info.dir},
      {"step", info.step},
      {"train_time_s", info.train_time_s},
      {"parameters", info.model.num_parameters()},
      {"weights_bytes", weights_bytes},
      {"ids", info.ids.num_ids},
      {"tasks", info.ids.tasks.size()},
      {"rows_updated", counts.updated},
      {"least_updates", counts.least_updates},
      {"trained_tasks", info.trained.size()},
      {"trained_with_test_pairs", counts.with_test_pairs},
      {"resume", info.has_resume_state},
      {"settings", internal::Settings(info)}};
  nlohmann::ordered_json tensors = nlohmann::ordered_json::object();
  for (const auto& [name, entry] : file.tensors()) {
    tensors[name] = {{"dtype", entry.dtype}, {"shape", entry.shape}};
  }
  out["tensors"] = std::move(tensors);
  return out.dump(-1, ' ', /*ensure_ascii=*/true,
                  nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::string InfoText(const CheckpointInfo& info,
                     const internal::SafetensorsFile& file,
                     size_t weights_bytes) {
  const IndexCounts counts = CountIndex(info);
  std::string out = absl::StrFormat(
      "checkpoint  %s\n"
      "trained     %d steps in %s%s\n"
      "network     %s%s, %d parameters, width %d, %d layers, H %d, L %d\n"
      "canvas      %s %dx%d, positions of %dx%d\n"
      "embeddings  %d rows for %d tasks and %d augmentations, %d updated, "
      "least "
      "%d times%s\n"
      "seen        %d tasks, %d of them with their test pairs\n"
      "file        %s, %d bytes\n",
      Printable(info.dir), info.step,
      DurationText(absl::Seconds(info.train_time_s)),
      info.has_resume_state ? ", can be resumed" : "",
      Printable(info.model.arch), info.model.mixer ? " mixer" : "",
      info.model.num_parameters(), info.model.hidden, info.model.layers,
      info.model.h_cycles, info.model.l_cycles, Printable(info.model.puzzle),
      info.model.canvas_side, info.model.canvas_side, info.model.position_side,
      info.model.position_side, info.ids.num_ids, info.ids.tasks.size(),
      counts.augmentations, counts.updated, counts.least_updates,
      HasNoRows(info, file) ? "; none was trained, all are zero" : "",
      info.trained.size(), counts.with_test_pairs, internal::kWeightsFile,
      weights_bytes);
  for (const auto& [name, entry] : file.tensors()) {
    absl::StrAppendFormat(&out, "  %-48s %-5s %s\n", Printable(name),
                          Printable(entry.dtype),
                          absl::StrJoin(entry.shape, " x "));
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> CheckpointInfoText(const std::string& path,
                                               bool json) {
  if (!json && internal::IsFileOfOthers(path)) {
    return internal::DescribeWeightsFile(path);
  }
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info, ReadCheckpointInfo(path));
  ARCTRM_ASSIGN_OR_RETURN(
      std::string weights,
      internal::ReadCheckpointFile(info.dir, internal::kWeightsFile));
  const size_t bytes = weights.size();
  ARCTRM_ASSIGN_OR_RETURN(
      const internal::SafetensorsFile file,
      internal::SafetensorsFile::Parse(
          std::move(weights), JoinPath(info.dir, internal::kWeightsFile)));
  return json ? InfoJson(info, file, bytes) : InfoText(info, file, bytes);
}

}  // namespace arctrm
