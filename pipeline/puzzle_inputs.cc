// SPDX-License-Identifier: MIT
#include "pipeline/puzzle_inputs.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/options.h"
#include "base/random.h"
#include "base/status.h"
#include "pipeline/resume_check.h"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

absl::StatusOr<PuzzleFile> ReadOfKind(const std::string& path,
                                      PuzzleKind kind) {
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile file, ReadPuzzleCsv(path));
  if (file.kind == kind) return file;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": holds ", PuzzleKindName(file.kind),
                   " puzzles, expected ", PuzzleKindName(kind)));
}

// ReadOfKind(), and checks that every puzzle has exactly one solution, given as
// its answer.
absl::StatusOr<PuzzleFile> ReadChecked(const std::string& path,
                                       const PuzzleTrainOptions& options,
                                       Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile file, ReadOfKind(path, options.kind));
  const int threads =
      options.spec.device.threads > 0
          ? options.spec.device.threads
          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto faults =
      FindFaults(file.kind, file.puzzles, threads, [&](size_t done) {
        if (done == 0) return;
        log.Progress(absl::StrCat("check  ", done, "/", file.puzzles.size()));
      });
  log.EndProgress();
  if (!faults.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": puzzle ", faults[0].first + 1, ": ",
        faults[0].second.message(), "; faulty puzzles: ", faults.size(),
        ", which `arctrm puzzle check` lists"));
  }
  for (size_t i = 0; i < file.puzzles.size(); ++i) {
    if (!file.puzzles[i].answer.empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": puzzle ", i + 1,
        " has no answer, so the model can't learn it or be scored on it"));
  }
  return file;
}

// Moves options.held_out random puzzles from `train` to the result.
absl::StatusOr<PuzzleFile> HoldOut(const PuzzleTrainOptions& options,
                                   PuzzleFile& train) {
  PuzzleFile held_out;
  held_out.kind = train.kind;
  const size_t wanted = static_cast<size_t>(options.held_out);
  if (wanted == 0) return held_out;
  if (wanted >= train.puzzles.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.train, ": holds ", train.puzzles.size(),
                     " puzzles, too few to hold out ", wanted));
  }
  Random random(options.spec.seed, "held out");
  random.Shuffle(train.puzzles);
  const auto first = train.puzzles.end() - static_cast<std::ptrdiff_t>(wanted);
  held_out.puzzles.assign(std::make_move_iterator(first),
                          std::make_move_iterator(train.puzzles.end()));
  train.puzzles.erase(first, train.puzzles.end());
  return held_out;
}

// "" for no puzzles. Works in parts to save memory on large files.
std::string FingerprintOf(const PuzzleFile& file) {
  constexpr size_t kPart = 4096;
  std::string parts;
  for (size_t begin = 0; begin < file.puzzles.size(); begin += kPart) {
    PuzzleFile part;
    part.kind = file.kind;
    const auto from = file.puzzles.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t size = std::min(kPart, file.puzzles.size() - begin);
    part.puzzles.assign(from, from + static_cast<std::ptrdiff_t>(size));
    parts += Sha256Hex(PuzzleCsv(part));
  }
  return parts.empty() ? "" : Sha256Hex(parts);
}

// "" without a rating.
std::string RatingText(std::optional<int> rating) {
  return rating.has_value() ? absl::StrCat(*rating) : std::string();
}

// The record with which a resumed training is compared.
absl::StatusOr<RunRecord> Identify(const PuzzleTrainOptions& options,
                                   ModelOptions model,
                                   std::map<std::string, std::string> prints) {
  RunRecord record;
  record.fingerprints = std::move(prints);
  ARCTRM_ASSIGN_OR_RETURN(record.fingerprints["--checkpoint"],
                          FingerprintOfWeights(options.spec.checkpoint));
  const PuzzleDatasetOptions& data = options.data;
  record.settings = {{"kind", PuzzleKindName(options.kind)},
                     {"--seed", absl::StrCat(options.spec.seed)},
                     {"--augmentations", absl::StrCat(data.augmentations)},
                     {"--min-rating", RatingText(data.min_rating)},
                     {"--max-rating", RatingText(data.max_rating)},
                     {"--sample", absl::StrCat(data.sample)},
                     {"--held-out", absl::StrCat(options.held_out)}};
  TrainOptions training = options.spec.train;
  OptionSet set;
  AddOptions(model, set);
  AddOptions(training, set);
  for (const OptionSet::Item& item : set.Items()) {
    record.settings[item.key] = item.value;
  }
  return record;
}

void WarnOfLeaks(const PuzzleFile& train, const PuzzleFile& test, Log& log) {
  std::set<Grid> seen;
  for (const Puzzle& puzzle : train.puzzles) seen.insert(puzzle.question);
  const auto leaked = std::count_if(
      test.puzzles.begin(), test.puzzles.end(),
      [&](const Puzzle& p) { return seen.count(p.question) > 0; });
  if (leaked == 0) return;
  log.Warning(
      absl::StrCat(leaked, " of ", test.puzzles.size(),
                   " test puzzles are also in the training file: the score "
                   "does not show how the model generalises"));
}

absl::StatusOr<PuzzleFile> ReadTest(const PuzzleTrainOptions& options,
                                    const PuzzleFile& train, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile test,
                          ReadChecked(options.test, options, log));
  const int side = train.puzzles[0].question.rows();
  const int test_side = test.puzzles[0].question.rows();
  if (side != test_side) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.test, ": has puzzles of ", test_side, "x", test_side,
        ", expected ", side, "x", side, " as in ", options.train));
  }
  WarnOfLeaks(train, test, log);
  return test;
}

absl::StatusOr<ModelOptions> ModelFor(const PuzzleTrainOptions& options,
                                      const Dataset& dataset) {
  if (!options.spec.checkpoint.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                            ReadCheckpointInfo(options.spec.checkpoint));
    return options.spec.train.WithOverrides(info.model);
  }
  ModelOptions model = options.spec.model;
  model.puzzle = PuzzleKindName(options.kind);
  model.vocabulary = Vocabulary(options.kind);
  model.canvas_side = dataset.canvas.side;
  model.position_side = dataset.canvas.side;
  return model;
}

}  // namespace

absl::StatusOr<PuzzleInputs> ReadPuzzleInputs(const PuzzleTrainOptions& options,
                                              Log& log) {
  PuzzleInputs inputs;
  std::map<std::string, std::string> fingerprints;
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile train,
                          ReadChecked(options.train, options, log));
  fingerprints["--train"] = FingerprintOf(train);
  ARCTRM_ASSIGN_OR_RETURN(inputs.held_out, HoldOut(options, train));
  if (!options.test.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(inputs.test, ReadTest(options, train, log));
  }
  fingerprints["--test"] = FingerprintOf(inputs.test);
  absl::StatusOr<Dataset> built = BuildPuzzleDataset(train, options.data);
  ARCTRM_RETURN_IF_ERROR(Annotate(built.status(), options.train));
  inputs.dataset = *std::move(built);
  const std::string unrated = UnratedRemark(train, options.data);
  if (!unrated.empty()) {
    log.Warning(absl::StrCat(options.train, ": ", unrated));
  }
  ARCTRM_ASSIGN_OR_RETURN(inputs.model, ModelFor(options, inputs.dataset));
  ARCTRM_ASSIGN_OR_RETURN(inputs.identity, Identify(options, inputs.model,
                                                    std::move(fingerprints)));
  return inputs;
}

}  // namespace arctrm
