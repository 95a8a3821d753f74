// SPDX-License-Identifier: MIT
#include "pipeline/run_identity.h"

#include <random>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "solver/checkpoint_info.h"
#include "solver/train.h"

namespace arctrm {
namespace {

constexpr size_t kDigits = 32;
constexpr char kWhatToDo[] =
    "restore this run's own, or replace --resume by --overwrite to start anew";

absl::Status Foreign(const std::string& path, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", what, "; ", kWhatToDo));
}

// Whether a run gives this source to its own votes.
bool IsRunSource(absl::string_view source) {
  return source == "run" || absl::StartsWith(source, "snapshot-");
}

absl::Status CheckVotes(const std::string& path, const Ballots& ballots,
                        const ChallengeSet& challenges) {
  std::set<TestInputKey> asked;
  for (const Task& task : challenges.tasks) {
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      asked.emplace(task.id, static_cast<int>(i));
    }
  }
  for (const TestInputKey& input : ballots.Inputs()) {
    if (asked.count(input) > 0) continue;
    return Foreign(
        path, absl::StrCat("holds votes for ", input.first, "[", input.second,
                           "], which is not a test input of this run"));
  }
  for (const std::string& source : ballots.Sources()) {
    if (IsRunSource(source)) continue;
    return Foreign(path, absl::StrCat("holds votes of the model \"", source,
                                      "\", which this run did not use"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string NameRun(const RunRecord& record, bool repeatable) {
  if (repeatable) {
    const auto pair = absl::PairFormatter("=");
    return Sha256Hex(
               absl::StrCat(absl::StrJoin(record.settings, ";", pair), "\n",
                            absl::StrJoin(record.fingerprints, ";", pair)))
        .substr(0, kDigits);
  }
  std::random_device device;
  std::string name;
  while (name.size() < kDigits) absl::StrAppendFormat(&name, "%08x", device());
  return name;
}

void AddCheckpoint(const std::string& dir, std::vector<StateFile>& states) {
  if (dir.empty() || !HasCheckpoint(dir)) return;
  const absl::StatusOr<CheckpointInfo> info = ReadCheckpointInfo(dir);
  if (info.ok()) states.push_back({dir, info->run});
}

absl::Status CheckSameRun(const std::vector<StateFile>& states,
                          RunRecord& record, Log& log) {
  std::vector<std::string> unnamed;
  for (const StateFile& state : states) {
    if (state.run.empty()) {
      unnamed.push_back(state.path);
    } else if (record.run.empty()) {
      record.run = state.run;
    } else if (state.run != record.run) {
      return Foreign(state.path,
                     absl::StrCat("belongs to the run ", state.run,
                                  ", but the resumed run is ", record.run));
    }
  }
  if (record.run.empty()) {
    record.run = NameRun(record, /*repeatable=*/false);
  }
  if (!unnamed.empty()) {
    log.Info(absl::StrCat(
        absl::StrJoin(unnamed, ", "),
        unnamed.size() == 1 ? ": names" : ": name",
        " no run because an earlier version wrote it; it is treated as "
        "this run's"));
  }
  return absl::OkStatus();
}

std::string DatasetOf(const RunFolder& folder) {
  const absl::StatusOr<std::string> text =
      ReadFile(JoinPath(folder.dataset_dir(), kDatasetMark));
  return text.ok() ? Sha256Hex(*text) : "";
}

absl::Status CheckWorkFolder(const RunFolder& folder, const Ballots* ballots,
                             const ChallengeSet& challenges, RunRecord& record,
                             Log& log) {
  constexpr int kMaxSnapshots = 100;
  std::vector<StateFile> states;
  AddCheckpoint(folder.checkpoint_dir(), states);
  AddCheckpoint(folder.best_dir(), states);
  for (int number = 1; number <= kMaxSnapshots; ++number) {
    AddCheckpoint(SnapshotDir(folder.checkpoint_dir(), number), states);
  }
  if (ballots != nullptr) {
    states.push_back({folder.ballots_path(), ballots->run()});
    ARCTRM_RETURN_IF_ERROR(
        CheckVotes(folder.ballots_path(), *ballots, challenges));
  }
  return CheckSameRun(states, record, log);
}

absl::Status CheckDataset(const RunFolder& folder, const RunRecord& record) {
  const std::string dataset = DatasetOf(folder);
  if (record.dataset.empty() || dataset.empty() || dataset == record.dataset) {
    return absl::OkStatus();
  }
  return Foreign(folder.dataset_dir(), "is not the dataset that this run made");
}

}  // namespace arctrm
