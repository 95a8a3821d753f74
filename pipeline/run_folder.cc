// SPDX-License-Identifier: MIT
#include "pipeline/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/output_guard.h"
#include "base/own_names.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

constexpr char kFormat[] = "arctrm-run";
constexpr int kVersion = 1;
constexpr char kDone[] = "done";
constexpr char kLock[] = "run.lock";
constexpr char kSnapshot[] = "checkpoint.snapshot-";

// Is `name` of something that a run needs for a moment, and that one that was
// killed leaves?
bool IsPassingName(absl::string_view name) {
  return name == kLock || IsOwnName(name) || absl::StrContains(name, ".tmp.");
}

nlohmann::ordered_json MetricsJson(const TrainStats& s) {
  nlohmann::ordered_json row = {{"step", s.step},
                                {"time_s", s.time_s},
                                {"loss", s.loss},
                                {"lm_loss", s.lm_loss},
                                {"q_halt_loss", s.q_halt_loss},
                                {"q_continue_loss", s.q_continue_loss},
                                {"accuracy", s.accuracy},
                                {"exact_accuracy", s.exact_accuracy},
                                {"q_halt_accuracy", s.q_halt_accuracy},
                                {"steps", s.steps},
                                {"halted_rows", s.halted_rows},
                                {"learning_rate", s.learning_rate},
                                {"steps_per_s", s.steps_per_s},
                                {"held_out_exact", nullptr},
                                {"held_out_accuracy", nullptr}};
  if (s.held_out.has_value()) {
    row["held_out_exact"] = s.held_out->exact;
    row["held_out_accuracy"] = s.held_out->accuracy;
  }
  return row;
}

// One line of CSV; what is no number stays empty.
std::string CsvRow(const nlohmann::ordered_json& row, bool names) {
  std::string line;
  for (const auto& [name, value] : row.items()) {
    absl::StrAppend(&line, line.empty() ? "" : ",");
    if (names) {
      line += name;
    } else if (!value.is_null()) {
      const std::string text = value.dump();
      if (text != "null") line += text;
    }
  }
  return line + "\n";
}

bool ParsePoint(const std::string& line, CurvePoint& point) {
  simdjson::dom::parser parser;
  simdjson::dom::element row;
  if (parser.parse(line).get(row) != simdjson::SUCCESS) return false;
  // nlohmann writes NaN as null: read as NaN again.
  const auto number = [&](const char* key) {
    double value = 0;
    if (row[key].get(value) != simdjson::SUCCESS) {
      value = std::numeric_limits<double>::quiet_NaN();
    }
    return value;
  };
  if (row["step"].get(point.step) != simdjson::SUCCESS) return false;
  point.time_s = number("time_s");
  point.loss = number("loss");
  point.lm_loss = number("lm_loss");
  point.q_halt_loss = number("q_halt_loss");
  point.accuracy = number("accuracy");
  point.exact_accuracy = number("exact_accuracy");
  point.steps = number("steps");
  point.learning_rate = number("learning_rate");
  point.held_out_exact = number("held_out_exact");
  return true;
}

// Fields that records of before don't have.
absl::Status ReadLaterFields(const simdjson::dom::element& root,
                             const std::string& path, RunRecord& r) {
  std::string_view text;
  if (root["score"].get(text) == simdjson::SUCCESS) r.score = std::string(text);
  if (root["out"].get(text) == simdjson::SUCCESS) r.out = std::string(text);
  const auto number = [&](const char* key) {
    int64_t value = 0;
    return root[key].get(value) == simdjson::SUCCESS ? value : 0;
  };
  if (root["run"].get(text) == simdjson::SUCCESS) r.run = std::string(text);
  if (root["dataset"].get(text) == simdjson::SUCCESS) {
    r.dataset = std::string(text);
  }
  r.steps = number("steps");
  r.votes = number("votes");
  r.snapshots = static_cast<int>(number("snapshots"));
  simdjson::dom::object fingerprints;
  if (root["fingerprints"].get(fingerprints) != simdjson::SUCCESS) {
    return absl::OkStatus();
  }
  for (const auto item : fingerprints) {
    if (item.value.get(text) != simdjson::SUCCESS) {
      return absl::DataLossError(absl::StrCat(path, ": damaged: fingerprints"));
    }
    r.fingerprints[std::string(item.key)] = std::string(text);
  }
  return absl::OkStatus();
}

}  // namespace

bool IsMetricsRow(absl::string_view line) {
  CurvePoint point;
  return ParsePoint(std::string(line), point);
}

bool IsBeingTrained(const RunRecord& record) {
  return record.status == "preparing" || record.status == "training";
}

bool IsRunFolderName(absl::string_view name) {
  constexpr absl::string_view kNames[] = {
      "run.json",        "metrics.jsonl",  "metrics.csv",    "ballots.zst",
      "challenges.json", "solutions.json", "puzzles.csv",    "answers.csv",
      "dataset",         "checkpoint",     "checkpoint.best"};
  return std::find(std::begin(kNames), std::end(kNames), name) !=
             std::end(kNames) ||
         absl::StartsWith(name, kSnapshot) || IsPassingName(name);
}

std::string RunFolder::record_path() const {
  return JoinPath(dir_, "run.json");
}
std::string RunFolder::metrics_path() const {
  return JoinPath(dir_, "metrics.jsonl");
}
std::string RunFolder::ballots_path() const {
  return JoinPath(dir_, "ballots.zst");
}
std::string RunFolder::challenges_path() const {
  return JoinPath(dir_, "challenges.json");
}
std::string RunFolder::solutions_path() const {
  return JoinPath(dir_, "solutions.json");
}
std::string RunFolder::metrics_csv_path() const {
  return JoinPath(dir_, "metrics.csv");
}
std::string RunFolder::puzzles_path() const {
  return JoinPath(dir_, "puzzles.csv");
}
std::string RunFolder::answers_path() const {
  return JoinPath(dir_, "answers.csv");
}
std::string RunFolder::best_dir() const {
  return JoinPath(dir_, "checkpoint.best");
}
std::string RunFolder::dataset_dir() const { return JoinPath(dir_, "dataset"); }
std::string RunFolder::checkpoint_dir() const {
  return JoinPath(dir_, "checkpoint");
}

std::string RunFolder::lock_path() const { return JoinPath(dir_, kLock); }

// Those that are there.
std::vector<std::string> RunFolder::checkpoint_dirs() const {
  std::vector<std::string> dirs;
  for (const std::string& dir : {checkpoint_dir(), best_dir()}) {
    if (IsDirectory(dir)) dirs.push_back(dir);
  }
  for (const std::string& name : ForeignEntries(dir_, [](absl::string_view n) {
         return !absl::StartsWith(n, kSnapshot);
       })) {
    dirs.push_back(JoinPath(dir_, name));
  }
  return dirs;
}

absl::Status RunFolder::CheckOurs() const {
  std::string above = dir_;
  while (!FileExists(above) && Dirname(above) != above) above = Dirname(above);
  if (access(above.c_str(), W_OK | X_OK) != 0) {
    return ErrnoStatus(errno, "can't make the folder", dir_);
  }
  if (!FileExists(dir_)) {
    if (IsDirectory(above)) return absl::OkStatus();
    return ErrnoStatus(ENOTDIR, "can't make the folder", dir_);
  }
  if (!IsDirectory(dir_)) {
    return absl::FailedPreconditionError(
        absl::StrCat(dir_,
                     ": is a file, expected a folder to work in; choose "
                     "another with --work"));
  }
  if (!FileExists(record_path())) {
    const std::vector<std::string> others =
        ForeignEntries(dir_, [&](absl::string_view name) {
          return IsPassingName(name) || IsLogFile(JoinPath(dir_, name));
        });
    if (others.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        dir_, ": exists and is not the work folder of a run: it holds ",
        others[0], others.size() > 1 ? " and others" : "",
        " but no run.json; choose another with --work"));
  }
  ARCTRM_RETURN_IF_ERROR(ReadRecord().status());
  ARCTRM_RETURN_IF_ERROR(CheckNoForeignEntries(dataset_dir(), IsDatasetName));
  for (const std::string& dir : checkpoint_dirs()) {
    ARCTRM_RETURN_IF_ERROR(CheckNoForeignEntries(dir, IsCheckpointName));
  }
  return absl::OkStatus();
}

absl::Status RunFolder::CheckNoRun(bool resumable) const {
  ARCTRM_RETURN_IF_ERROR(CheckOurs());
  const absl::StatusOr<RunRecord> record = ReadRecord();
  if (absl::IsNotFound(record.status())) return absl::OkStatus();
  ARCTRM_RETURN_IF_ERROR(record.status());
  const bool done = absl::StartsWith(record->status, kDone);
  const absl::StatusOr<std::vector<CurvePoint>> points = ReadMetrics();
  const bool curves = points.ok() && !points->empty();
  // The checkpoint of a training lies elsewhere.
  const bool training = absl::StartsWith(record->title, "arctrm train") ||
                        absl::StartsWith(record->title, "arctrm puzzle train");
  if (!done && !FileExists(ballots_path()) && checkpoint_dirs().empty() &&
      !(training && curves)) {
    return absl::OkStatus();
  }
  int64_t steps = record->steps;
  if (steps == 0 && curves) steps = points->back().step;
  std::string stands = absl::StrCat(steps, " steps");
  if (record->votes > 0)
    absl::StrAppend(&stands, ", ", record->votes, " votes");
  if (!record->score.empty()) absl::StrAppend(&stands, ", ", record->score);
  return absl::FailedPreconditionError(absl::StrCat(
      dir_, ": ",
      done ? "a finished run stands there ("
           : absl::StrCat("a run stands there (", record->status, "; "),
      stands, "); ",
      !resumable ? "another --out keeps it"
      : training ? "another --work keeps it"
      : done     ? "--resume keeps it as it is"
                 : "--resume goes on with it",
      ", --overwrite removes it and starts anew"));
}

absl::Status RunFolder::Start() const {
  ARCTRM_RETURN_IF_ERROR(CheckOurs());
  std::vector<std::string> old = checkpoint_dirs();
  // The record goes last: without it the rest is nobody's.
  for (const std::string& path :
       {metrics_path(), metrics_csv_path(), ballots_path(), challenges_path(),
        solutions_path(), puzzles_path(), answers_path(), dataset_dir(),
        record_path()}) {
    old.push_back(path);
  }
  for (const std::string& path : old) {
    if (FileExists(record_path())) ARCTRM_RETURN_IF_ERROR(RemoveAll(path));
  }
  return MakeDirectories(dir_);
}

absl::StatusOr<std::unique_ptr<FileLock>> RunFolder::Lock() const {
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(dir_));
  return FileLock::Take(lock_path(), dir_);
}

absl::Status RunFolder::CheckNotLocked() const {
  return arctrm::CheckNotLocked(lock_path(), dir_);
}

absl::Status RunFolder::WriteRecord(const RunRecord& r) const {
  nlohmann::ordered_json facts = nlohmann::ordered_json::array();
  for (const auto& [section, rows] : r.facts) {
    nlohmann::ordered_json json_rows = nlohmann::ordered_json::array();
    for (const auto& [key, value] : rows) json_rows.push_back({key, value});
    facts.push_back({{"section", section}, {"rows", std::move(json_rows)}});
  }
  const nlohmann::ordered_json json = {
      {"format", kFormat},
      {"version", kVersion},
      {"title", r.title},
      {"status", r.status},
      {"elapsed_s", r.elapsed_s},
      {"copies", r.augmentations},
      {"planned_steps", r.planned_steps},
      {"training_done", r.training_done},
      {"voting_done", r.voting_done},
      {"warnings", r.warnings},
      {"settings", r.settings},
      {"facts", std::move(facts)},
      {"groups", r.task_labels},
      {"steps", r.steps},
      {"votes", r.votes},
      {"snapshots", r.snapshots},
      {"score", r.score},
      {"out", r.out},
      {"fingerprints", r.fingerprints},
      {"run", r.run},
      {"dataset", r.dataset},
      {kSelfSha256, std::string(kSha256Digits, '0')}};
  return WriteFileAtomically(
      record_path(),
      WithSelfSha256(
          json.dump(1, ' ', false,
                    nlohmann::ordered_json::error_handler_t::replace) +
          "\n"));
}

absl::StatusOr<RunRecord> RunFolder::ReadRecord() const {
  const std::string path = record_path();
  ARCTRM_RETURN_IF_ERROR(CheckCanLook(path));
  if (!FileExists(path)) {
    return absl::NotFoundError(absl::StrCat(
        dir_,
        ": no run here (no run.json); give the work folder of a run, by "
        "default SUBMISSION.run"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseRunRecord(text, path);
}

absl::StatusOr<RunRecord> ParseRunRecord(const std::string& text,
                                         const std::string& path) {
  const auto damaged = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(path, ": damaged: ", what));
  };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view view;
  int64_t version = 0;
  if (parser.parse(text).get(root) != simdjson::SUCCESS) {
    return damaged("no JSON");
  }
  if (root["format"].get(view) != simdjson::SUCCESS || view != kFormat ||
      root["version"].get(version) != simdjson::SUCCESS) {
    return damaged("not the record of a run");
  }
  if (version != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": format version ", version,
                     "; this arctrm reads version ", kVersion));
  }
  RunRecord r;
  int64_t augmentations = -1;
  std::string_view title;
  std::string_view status;
  simdjson::dom::array warnings;
  simdjson::dom::array facts;
  simdjson::dom::object settings;
  simdjson::dom::object groups;
  if (root["title"].get(title) != simdjson::SUCCESS ||
      root["status"].get(status) != simdjson::SUCCESS ||
      root["elapsed_s"].get(r.elapsed_s) != simdjson::SUCCESS ||
      root["copies"].get(augmentations) != simdjson::SUCCESS ||
      root["planned_steps"].get(r.planned_steps) != simdjson::SUCCESS ||
      root["training_done"].get(r.training_done) != simdjson::SUCCESS ||
      root["voting_done"].get(r.voting_done) != simdjson::SUCCESS ||
      root["warnings"].get(warnings) != simdjson::SUCCESS ||
      root["settings"].get(settings) != simdjson::SUCCESS ||
      root["facts"].get(facts) != simdjson::SUCCESS ||
      root["groups"].get(groups) != simdjson::SUCCESS) {
    return damaged("a field is missing");
  }
  ARCTRM_RETURN_IF_ERROR(ReadLaterFields(root, path, r));
  // Records that have no name are older than the checksum.
  const bool has_sum = root[kSelfSha256].get(view) == simdjson::SUCCESS;
  if ((has_sum || !r.run.empty()) &&
      !(has_sum && SelfSha256Holds(text, AbslView(view)))) {
    return damaged("changed after it was written: its checksum doesn't hold");
  }
  r.title = std::string(title);
  r.status = std::string(status);
  r.augmentations = static_cast<int>(augmentations);
  for (const auto item : warnings) {
    if (item.get(view) != simdjson::SUCCESS) return damaged("warnings");
    r.warnings.emplace_back(view);
  }
  TrainOptions train;
  OptionSet options;
  AddOptions(train, options);
  for (const auto item : settings) {
    if (item.value.get(view) != simdjson::SUCCESS) return damaged("settings");
    r.settings.insert(options.Resolve(AbslView(item.key), AbslView(view)));
  }
  for (const auto item : groups) {
    if (item.value.get(view) != simdjson::SUCCESS) return damaged("groups");
    r.task_labels[std::string(item.key)] = std::string(view);
  }
  for (const auto item : facts) {
    simdjson::dom::array rows;
    if (item["section"].get(view) != simdjson::SUCCESS ||
        item["rows"].get(rows) != simdjson::SUCCESS) {
      return damaged("facts");
    }
    r.facts.emplace_back(std::string(view),
                         std::vector<std::pair<std::string, std::string>>());
    for (const auto row : rows) {
      std::string_view key;
      if (row.at(0).get(key) != simdjson::SUCCESS ||
          row.at(1).get(view) != simdjson::SUCCESS) {
        return damaged("facts");
      }
      r.facts.back().second.emplace_back(std::string(key), std::string(view));
    }
  }
  return r;
}

absl::Status RunFolder::AppendMetrics(const TrainStats& stats) const {
  const nlohmann::ordered_json row = MetricsJson(stats);
  ARCTRM_RETURN_IF_ERROR(AppendToFile(metrics_path(), row.dump() + "\n"));
  const std::string names =
      FileExists(metrics_csv_path()) ? "" : CsvRow(row, /*names=*/true);
  return AppendToFile(metrics_csv_path(), names + CsvRow(row, false));
}

absl::Status RunFolder::TrimMetrics(int64_t step) const {
  if (!FileExists(metrics_path())) return absl::OkStatus();
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(metrics_path()));
  std::string kept;
  std::string csv = CsvRow(MetricsJson({}), /*names=*/true);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    CurvePoint point;
    if (!ParsePoint(std::string(line), point) || point.step > step) continue;
    absl::StrAppend(&kept, line, "\n");
    csv += CsvRow(nlohmann::ordered_json::parse(line, nullptr, false), false);
  }
  ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(metrics_path(), kept));
  return WriteFileAtomically(metrics_csv_path(), csv);
}

absl::StatusOr<std::vector<CurvePoint>> RunFolder::ReadMetrics() const {
  if (!FileExists(metrics_path())) return std::vector<CurvePoint>();
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(metrics_path()));
  return ParseMetrics(text);
}

std::vector<CurvePoint> ParseMetrics(absl::string_view text) {
  std::vector<CurvePoint> points;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    CurvePoint point;
    if (ParsePoint(std::string(line), point)) points.push_back(point);
  }
  return points;
}

absl::Status RunFolder::RemoveResumeState() const {
  ARCTRM_RETURN_IF_ERROR(RemoveAll(dataset_dir()));
  for (int number = 1; IsDirectory(SnapshotDir(checkpoint_dir(), number));
       ++number) {
    ARCTRM_RETURN_IF_ERROR(RemoveAll(SnapshotDir(checkpoint_dir(), number)));
  }
  return DropResumeState(checkpoint_dir());
}

}  // namespace arctrm
