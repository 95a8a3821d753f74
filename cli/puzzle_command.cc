// SPDX-License-Identifier: MIT
#include "cli/puzzle_command.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "base/stop.h"
#include "cli/command_files.h"
#include "nlohmann/json.hpp"
#include "puzzles/csv.h"
#include "puzzles/generate.h"
#include "puzzles/judge.h"

namespace arctrm {
namespace {

// Further faults are counted, not listed.
constexpr size_t kMaxListed = 20;
// Generating more puzzles than this takes long, so the output is checked first.
constexpr int64_t kMaxUncheckedCount = 100'000;

CLI::Option* AddKind(CLI::App& command, std::string& kind) {
  return command.add_option("kind", kind, "Kind of the puzzles")
      ->check(CLI::IsMember({"sudoku", "maze"}))
      ->type_name("KIND")
      ->required();
}

int ThreadsOf(const CommonFlags& common) {
  return common.threads > 0
             ? common.threads
             : std::max(1,
                        static_cast<int>(std::thread::hardware_concurrency()));
}

absl::Status OtherFileError(const std::string& out) {
  return absl::FailedPreconditionError(absl::StrCat(
      "--out ", out,
      ": another file exists there; name another, or replace it with "
      "--overwrite"));
}

// A puzzle file doesn't tell whether arctrm made it, so only an identical file
// may exist at `out`. This check before the work compares kind, size and count.
absl::Status CheckMayBeSame(const std::string& out,
                            const GenerateOptions& options) {
  if (!FileExists(out) || IsSpecialFile(out)) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadFile(out);
  if (!text.ok() || text->empty()) return absl::OkStatus();
  const absl::StatusOr<PuzzleFile> there = ReadPuzzleCsv(out);
  if (there.ok() && there->kind == options.kind &&
      static_cast<int64_t>(there->puzzles.size()) == options.count &&
      there->puzzles[0].question.rows() == options.side) {
    return absl::OkStatus();
  }
  return OtherFileError(out);
}

absl::StatusOr<int> Generate(const PuzzleGenerateFlags& flags, Log& log) {
  GenerateOptions options;
  ARCTRM_ASSIGN_OR_RETURN(options.kind, ParsePuzzleKind(flags.kind));
  const bool maze = options.kind == PuzzleKind::kMaze;
  options.side = flags.size > 0 ? flags.size : (maze ? kMaxSide : 9);
  options.count = flags.count;
  options.min_rating = flags.min_rating;
  options.seed = flags.common.seed;
  options.threads = ThreadsOf(flags.common);
  if (!flags.common.overwrite && options.count > kMaxUncheckedCount) {
    ARCTRM_RETURN_IF_ERROR(CheckMayBeSame(flags.out, options));
  }
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_RETURN_IF_ERROR(CheckWritable(flags.out));
  InstallStopSignals();
  const absl::Time start = RealClock().Now();
  const auto rate = [&](int64_t done) {
    return static_cast<double>(done) /
           std::max(1e-9, absl::ToDoubleSeconds(RealClock().Now() - start));
  };
  options.progress = [&](int64_t done) {
    log.Progress(absl::StrFormat("generate %d/%d  %.0f puzzles/s", done,
                                 options.count, rate(done)));
    return StopSignal() == 0;
  };
  const absl::StatusOr<PuzzleFile> file = GeneratePuzzles(options);
  log.EndProgress();
  if (absl::IsCancelled(file.status())) {
    log.Warning(absl::StrCat("stopped; ", flags.out, " was not written"));
    return kExitStopped;
  }
  if (absl::IsResourceExhausted(file.status())) {
    // The user can ask for fewer or easier puzzles.
    return absl::InvalidArgumentError(file.status().message());
  }
  ARCTRM_RETURN_IF_ERROR(file.status());
  const std::string csv = PuzzleCsv(*file);
  if (!flags.common.overwrite && FileExists(flags.out) &&
      !IsSpecialFile(flags.out)) {
    ARCTRM_ASSIGN_OR_RETURN(const std::string before, ReadFile(flags.out));
    if (!before.empty() && before != csv) return OtherFileError(flags.out);
  }
  ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(flags.out, csv));
  std::vector<int> ratings;
  for (const Puzzle& puzzle : file->puzzles)
    ratings.push_back(puzzle.rating.value_or(0));
  std::sort(ratings.begin(), ratings.end());
  ARCTRM_RETURN_IF_ERROR(PrintResult(absl::StrFormat(
      "%d puzzles of %dx%d (%.0f/s), %s %d to %d, median %d: %s\n",
      options.count, options.side, options.side, rate(options.count),
      maze ? "steps" : "guesses", ratings.front(), ratings.back(),
      ratings[ratings.size() / 2], Printable(flags.out))));
  return kExitDone;
}

size_t CountUnanswered(const PuzzleFile& file) {
  return static_cast<size_t>(
      std::count_if(file.puzzles.begin(), file.puzzles.end(),
                    [](const Puzzle& p) { return p.answer.empty(); }));
}

// Summarises a check of all puzzles.
std::string Findings(const PuzzleFile& file, size_t faults) {
  const size_t all = file.puzzles.size();
  const size_t unanswered = CountUnanswered(file);
  if (faults > 0) {
    return absl::StrCat(
        faults, " with a fault",
        unanswered == 0 ? ""
                        : absl::StrCat("; ", unanswered, " without an answer"));
  }
  if (unanswered == 0) return "each has one answer, and it is right";
  if (unanswered == all) return "each has one answer; the file holds none";
  return absl::StrCat("each has one answer; the file holds ", all - unanswered,
                      ", and they are right");
}

absl::StatusOr<int> Check(const PuzzleCheckFlags& flags, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(const PuzzleFile file, ReadPuzzleCsv(flags.puzzles));
  const auto faults = FindFaults(
      file.kind, file.puzzles, ThreadsOf(flags.common), [&](size_t done) {
        if (done == 0) return;  // small files need no progress
        log.Progress(absl::StrCat("check  ", done, "/", file.puzzles.size()));
      });
  log.EndProgress();
  std::string text;
  for (size_t i = 0; i < faults.size() && i < kMaxListed; ++i) {
    absl::StrAppend(&text, Printable(flags.puzzles), ": puzzle ",
                    faults[i].first + 1, ": ",
                    Printable(faults[i].second.message()), "\n");
  }
  if (faults.size() > kMaxListed) {
    absl::StrAppend(&text, "... and ", faults.size() - kMaxListed, " more\n");
  }
  const int side = file.puzzles[0].question.rows();
  absl::StrAppendFormat(&text, "%d %s puzzles of %dx%d: %s\n",
                        file.puzzles.size(), PuzzleKindName(file.kind), side,
                        side, Findings(file, faults.size()));
  ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  return faults.empty() ? kExitDone : kExitUsage;
}

absl::StatusOr<int> DoScore(const PuzzleScoreFlags& flags, Log& log) {
  ARCTRM_ASSIGN_OR_RETURN(const PuzzleFile puzzles,
                          ReadPuzzleCsv(flags.puzzles));
  ARCTRM_ASSIGN_OR_RETURN(const PuzzleFile answers,
                          ReadPuzzleCsv(flags.answers));
  // Answers are found by question, because the files may differ in order and
  // the answer file may hold more puzzles.
  if (CountUnanswered(answers) == answers.puzzles.size()) {
    log.Warning(absl::StrCat("--answers ", flags.answers,
                             ": holds puzzles but no answers"));
  }
  std::map<Grid, Grid> by_question;
  for (const Puzzle& p : answers.puzzles) {
    Grid& answer = by_question[p.question];
    if (answer.empty()) {
      answer = p.answer;
    } else if (!p.answer.empty() && answer != p.answer) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--answers ", flags.answers, ": two answers to one puzzle differ: ",
          PuzzleText(answers.kind, p.question)));
    }
  }
  size_t shared = 0;
  std::vector<Grid> given;
  int64_t missing = 0;
  for (size_t i = 0; i < puzzles.puzzles.size(); ++i) {
    if (puzzles.puzzles[i].answer.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          flags.puzzles, ": puzzle ", i + 1, " has no answer to compare with"));
    }
    const auto it = by_question.find(puzzles.puzzles[i].question);
    shared += it != by_question.end();
    given.push_back(it == by_question.end() ? Grid() : it->second);
    missing += given.back().empty();
  }
  if (shared == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--answers ", flags.answers, ": answers none of the puzzles of ",
        flags.puzzles, "; do the two files belong together?"));
  }
  const PuzzleScore score = ScorePuzzles(puzzles.kind, puzzles.puzzles, given);
  const double all = static_cast<double>(score.puzzles);
  std::string text;
  if (flags.json) {
    const nlohmann::ordered_json json = {
        {"puzzles", score.puzzles},
        {"unanswered", missing},
        {"exact_accuracy", static_cast<double>(score.exact) / all},
        {"valid_rate", static_cast<double>(score.valid) / all},
        {"token_accuracy", score.token_accuracy}};
    text = json.dump() + "\n";
  } else {
    text = absl::StrFormat(
        "puzzles         %d (%d without an answer)\n"
        "exact answers   %.2f %% (%d)\n"
        "valid answers   %.2f %% (%d)\n"
        "right cells     %.2f %%\n",
        score.puzzles, missing, 100.0 * static_cast<double>(score.exact) / all,
        score.exact, 100.0 * static_cast<double>(score.valid) / all,
        score.valid, 100 * score.token_accuracy);
  }
  ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  return kExitDone;
}

void AddGenerate(CLI::App& puzzle, PuzzleGenerateFlags& flags) {
  CLI::App* command = puzzle.add_subcommand(
      "generate", "Generate puzzles that have exactly one answer each");
  AddKind(*command, flags.kind);
  AddIntegerFlag(*command, "--count", flags.count, 1, 100'000'000,
                 "Number of puzzles, all different")
      ->required();
  AddIntegerFlag(*command, "--size", flags.size, 2, kMaxSide,
                 "Side in cells: 4, 6 or 9 for Sudoku (default: 9), up to 30 "
                 "for mazes (default: 30)");
  AddIntegerFlag(*command, "--min-rating", flags.min_rating, 0, 100'000'000,
                 "Minimum rating: guesses of a solver for Sudoku (default: "
                 "0), steps of the shortest path for mazes (default: 110 for "
                 "30x30, less for smaller ones)");
  command->add_option("--out", flags.out, "CSV file to write")
      ->type_name("F.csv")
      ->required();
  AddCommonFlags(*command, {.seed = true, .threads = true, .writes = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm puzzle generate sudoku --count 1000 --out train.csv\n"
      "  arctrm puzzle generate maze --size 9 --count 1000 --out mazes.csv");
}

void AddCheck(CLI::App& puzzle, PuzzleCheckFlags& flags) {
  CLI::App* command = puzzle.add_subcommand(
      "check", "Check that every puzzle has exactly one answer, the given one");
  command->add_option("puzzles", flags.puzzles, "CSV file of puzzles")
      ->type_name("F.csv")
      ->required();
  AddCommonFlags(*command, {.threads = true}, flags.common);
  command->footer("Examples:\n  arctrm puzzle check train.csv");
}

void AddScore(CLI::App& puzzle, PuzzleScoreFlags& flags) {
  CLI::App* command =
      puzzle.add_subcommand("score", "Score answers against the known answers");
  command
      ->add_option("--answers", flags.answers,
                   "CSV file that `arctrm puzzle predict` wrote")
      ->type_name("F.csv")
      ->required();
  command
      ->add_option("puzzles", flags.puzzles,
                   "CSV file of the puzzles with their known answers")
      ->type_name("F.csv")
      ->required();
  AddJsonFlag(*command, flags.json);
  AddCommonFlags(*command, {}, flags.common);
  command->footer(
      "Examples:\n  arctrm puzzle score --answers answers.csv test.csv");
}

void AddTrain(CLI::App& puzzle, PuzzleTrainFlags& flags) {
  CLI::App* command = puzzle.add_subcommand(
      "train", "Train a model on puzzles and score it on others");
  AddKind(*command, flags.kind);
  command->add_option("--train", flags.train, "CSV file of puzzles to train on")
      ->type_name("F.csv")
      ->required();
  command
      ->add_option("--test", flags.test,
                   "CSV file of puzzles to score at the end (default: none)")
      ->type_name("F.csv");
  AddCheckpointOutFlag(*command, flags.out);
  AddStartWeightsFlag(*command, flags.checkpoint);
  AddIntegerFlag(*command, "--augmentations", flags.augmentations, 0,
                 kMaxAugmentations,
                 "Augmentations of each puzzle, besides the puzzle itself "
                 "(default: 1000); for mazes any number above 0 gives all 7");
  AddIntegerFlag(*command, "--min-rating", flags.min_rating, 0, 100'000'000,
                 "Omit training puzzles with a lower rating or none (default: "
                 "omit none)");
  AddIntegerFlag(*command, "--max-rating", flags.max_rating, 0, 100'000'000,
                 "Omit training puzzles with a higher rating or none, to start "
                 "on easy ones and continue with --checkpoint (default: omit "
                 "none)");
  AddIntegerFlag(*command, "--sample", flags.sample, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Train on this number of puzzles, drawn at random (default: "
                 "all)");
  AddIntegerFlag(*command, "--held-out", flags.held_out, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Keep this number of puzzles out of training, score them "
                 "every minute, and save the best weights in OUT.best "
                 "(default: 0)");
  command
      ->add_option("--report", flags.report,
                   "HTML report to write, with test puzzles and curves "
                   "(default: none)")
      ->type_name("F.html");
  AddTimeLimitFlag(*command, flags.time_limit, ", including scoring");
  AddStepsFlag(*command, flags.steps);
  AddResumeTrainingFlag(*command, flags.resume);
  CommonUse use = kTrainingUse;
  use.recipe = "sudoku-small or maze-small";
  AddCommonFlags(*command, use, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm puzzle train sudoku --train train.csv --test test.csv \\\n"
      "    --out checkpoint/ --time-limit 10m\n"
      "  arctrm puzzle train maze --train mazes.csv --out checkpoint/ \\\n"
      "    --recipe maze-hard --time-limit 24h");
}

void AddPredict(CLI::App& puzzle, PuzzlePredictFlags& flags) {
  CLI::App* command =
      puzzle.add_subcommand("predict", "Answer puzzles with a trained model");
  AddWeightsFlag(*command, "--checkpoint", flags.checkpoint);
  command
      ->add_option("--puzzles", flags.puzzles, "CSV file of puzzles to answer")
      ->type_name("F.csv")
      ->required();
  command->add_option("--out", flags.out, "CSV file of answers to write")
      ->type_name("F.csv")
      ->required();
  AddDurationFlag(*command, "--time-limit", flags.time_limit,
                  "Wall-clock time limit; puzzles that are not reached get no "
                  "answer (default: none)");
  AddCommonFlags(*command, {.threads = true, .model = true, .writes = true},
                 flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm puzzle predict --checkpoint checkpoint/ --puzzles test.csv \\\n"
      "    --out answers.csv");
}

}  // namespace

CLI::App* AddPuzzleCommand(CLI::App& app, PuzzleFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "puzzle", "Generate, check, train on, answer and score Sudoku and mazes");
  command->require_subcommand(1);
  AddGenerate(*command, flags.generate);
  AddCheck(*command, flags.check);
  AddTrain(*command, flags.train);
  AddPredict(*command, flags.predict);
  AddScore(*command, flags.score);
  command->footer(
      "Puzzle files are CSV with the columns question and answer, or those of\n"
      "public data sets (docs/formats.md).\n\n"
      "Examples:\n"
      "  arctrm puzzle generate sudoku --count 1000 --out train.csv");
  return command;
}

int RunPuzzleGenerate(const PuzzleGenerateFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Generate(flags, log); });
}

int RunPuzzleCheck(const PuzzleCheckFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Check(flags, log); });
}

int RunPuzzleScore(const PuzzleScoreFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return DoScore(flags, log); });
}

}  // namespace arctrm
