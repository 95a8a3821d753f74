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
#include "base/log.h"
#include "base/output_guard.h"
#include "base/own_names.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

constexpr char kDone[] = "done";
constexpr char kLock[] = "run.lock";
constexpr char kSnapshot[] = "checkpoint.snapshot-";

// Whether `name` is a lock or a temporary file, which a killed run leaves.
bool IsTemporaryName(absl::string_view name) {
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

// One line of CSV, of names or of values. NaN and infinity become empty.
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
  // NaN is written as null.
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

}  // namespace

bool IsMetricsRow(absl::string_view line) {
  CurvePoint point;
  return ParsePoint(std::string(line), point);
}

bool IsRunFolderName(absl::string_view name) {
  constexpr absl::string_view kNames[] = {
      "run.json",        "metrics.jsonl",  "metrics.csv",    "ballots.zst",
      "challenges.json", "solutions.json", "puzzles.csv",    "answers.csv",
      "dataset",         "checkpoint",     "checkpoint.best"};
  return std::find(std::begin(kNames), std::end(kNames), name) !=
             std::end(kNames) ||
         absl::StartsWith(name, kSnapshot) || IsTemporaryName(name);
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

// Those that exist.
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
          return IsTemporaryName(name) || IsLogFile(JoinPath(dir_, name));
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
  // A training has its checkpoint elsewhere.
  const bool training = absl::StartsWith(record->title, "arctrm train") ||
                        absl::StartsWith(record->title, "arctrm puzzle train");
  if (!done && !FileExists(ballots_path()) && checkpoint_dirs().empty() &&
      !(training && curves)) {
    return absl::OkStatus();
  }
  int64_t steps = record->steps;
  if (steps == 0 && curves) steps = points->back().step;
  std::string progress = absl::StrCat(steps, " steps");
  if (record->votes > 0) {
    absl::StrAppend(&progress, ", ", record->votes, " votes");
  }
  if (!record->score.empty()) absl::StrAppend(&progress, ", ", record->score);
  return absl::FailedPreconditionError(
      absl::StrCat(dir_, ": ",
                   done ? "holds a finished run ("
                        : absl::StrCat("holds a run (", record->status, "; "),
                   progress, "); ",
                   !resumable ? "another --out keeps it"
                   : training ? "another --work keeps it"
                   : done     ? "--resume keeps it as it is"
                              : "--resume continues it",
                   ", --overwrite removes it and starts anew"));
}

absl::Status RunFolder::Start() const {
  ARCTRM_RETURN_IF_ERROR(CheckOurs());
  std::vector<std::string> old = checkpoint_dirs();
  // The record marks the folder as ours, so it is removed last.
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

absl::Status RunFolder::WriteRecord(const RunRecord& record) const {
  return WriteFileAtomically(record_path(), RunRecordText(record));
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
