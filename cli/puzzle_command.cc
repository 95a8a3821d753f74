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

// Faults beyond this many are counted, not listed.
constexpr size_t kMostListed = 20;
// So many puzzles are made before one is tired of waiting.
constexpr int64_t kQuickly = 100'000;

CLI::Option* AddKind(CLI::App& command, std::string& kind) {
  return command.add_option("kind", kind, "sudoku or maze")
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

absl::Status OtherFileThere(const std::string& out) {
  return absl::FailedPreconditionError(absl::StrCat(
      "--out ", out,
      ": another file stands there; name another, or replace it with "
      "--overwrite"));
}

// A file of puzzles says nothing of who made it: only the same one may stand at
// `out`. Whether it may be that shows before the work is done.
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
  return OtherFileThere(out);
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
  if (!flags.common.overwrite && options.count > kQuickly) {
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
    // More was asked for than there is: that can be put right.
    return absl::InvalidArgumentError(file.status().message());
  }
  ARCTRM_RETURN_IF_ERROR(file.status());
  const std::string csv = PuzzleCsv(*file);
  if (!flags.common.overwrite && FileExists(flags.out) &&
      !IsSpecialFile(flags.out)) {
    ARCTRM_ASSIGN_OR_RETURN(const std::string before, ReadFile(flags.out));
    if (!before.empty() && before != csv) return OtherFileThere(flags.out);
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

// What a check of all puzzles found.
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
  for (size_t i = 0; i < faults.size() && i < kMostListed; ++i) {
    absl::StrAppend(&text, Printable(flags.puzzles), ": puzzle ",
                    faults[i].first + 1, ": ",
                    Printable(faults[i].second.message()), "\n");
  }
  if (faults.size() > kMostListed) {
    absl::StrAppend(&text, "... and ", faults.size() - kMostListed, " more\n");
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
  // By question: the files need not be in one order, and an answer file may
  // hold more.
  if (CountUnanswered(answers) == answers.puzzles.size()) {
    log.Warning(absl::StrCat("--answers ", flags.answers,
                             ": holds puzzles alone, no answer"));
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
      "generate", "Make puzzles, each with a single answer");
  AddKind(*command, flags.kind);
  AddIntegerFlag(*command, "--count", flags.count, 1, 100'000'000,
                 "How many, all different")
      ->required();
  AddIntegerFlag(*command, "--size", flags.size, 2, kMaxSide,
                 "Side: 4, 6 or 9 for Sudoku (default 9), up to 30 for mazes "
                 "(default 30)");
  AddIntegerFlag(*command, "--min-rating", flags.min_rating, 0, 100'000'000,
                 "Sudoku: guesses a solver must make at least (default 0); "
                 "mazes: steps of the shortest path (default 110 for 30x30)");
  command->add_option("--out", flags.out, "The CSV file to write")
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
      "check", "Has every puzzle one answer, and is it the one given?");
  command->add_option("puzzles", flags.puzzles, "Puzzles")
      ->type_name("F.csv")
      ->required();
  AddCommonFlags(*command, {.threads = true}, flags.common);
  command->footer("Examples:\n  arctrm puzzle check train.csv");
}

void AddScore(CLI::App& puzzle, PuzzleScoreFlags& flags) {
  CLI::App* command =
      puzzle.add_subcommand("score", "Compare answers with the right ones");
  command
      ->add_option("--answers", flags.answers,
                   "What `arctrm puzzle predict` wrote")
      ->type_name("F.csv")
      ->required();
  command->add_option("puzzles", flags.puzzles, "The puzzles with answers")
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
  command->add_option("--train", flags.train, "Puzzles to train on")
      ->type_name("F.csv")
      ->required();
  command->add_option("--test", flags.test, "Puzzles to score on at the end")
      ->type_name("F.csv");
  AddCheckpointOutFlag(*command, flags.out);
  AddStartWeightsFlag(*command, flags.checkpoint);
  AddIntegerFlag(*command, "--augmentations", flags.augmentations, 0,
                 kMaxAugmentations,
                 "Sudoku: shuffles of each puzzle beside itself (default "
                 "1000); mazes: 0 for none, else the 7 other turns and flips");
  AddIntegerFlag(*command, "--min-rating", flags.min_rating, 0, 100'000'000,
                 "Leave out training puzzles rated less, and those without a "
                 "rating");
  AddIntegerFlag(*command, "--max-rating", flags.max_rating, 0, 100'000'000,
                 "Leave out training puzzles rated more, and those without a "
                 "rating: a start on easy ones that --checkpoint goes on from");
  AddIntegerFlag(*command, "--sample", flags.sample, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Train on so many puzzles, drawn at random");
  AddIntegerFlag(*command, "--held-out", flags.held_out, 1,
                 std::numeric_limits<int64_t>::max(),
                 "Train without so many of the puzzles, try them every minute, "
                 "and keep the best weights in OUT.best");
  command
      ->add_option("--report", flags.report,
                   "Draw the test puzzles and the curves into this page")
      ->type_name("F.html");
  AddTimeLimitFlag(*command, flags.time_limit, ", scoring included");
  AddStepsFlag(*command, flags.steps);
  AddResumeTrainingFlag(*command, flags.resume);
  AddCommonFlags(*command,
                 {.seed = true,
                  .threads = true,
                  .model = true,
                  .work = true,
                  .writes = true},
                 flags.common);
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
  command->add_option("--puzzles", flags.puzzles, "The puzzles")
      ->type_name("F.csv")
      ->required();
  command->add_option("--out", flags.out, "The CSV file of answers to write")
      ->type_name("F.csv")
      ->required();
  AddDurationFlag(*command, "--time-limit", flags.time_limit,
                  "Wall-clock time; puzzles not reached stay unanswered");
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
      "puzzle", "Sudoku and mazes: make, check, train, predict, score");
  command->require_subcommand(1);
  AddGenerate(*command, flags.generate);
  AddCheck(*command, flags.check);
  AddTrain(*command, flags.train);
  AddPredict(*command, flags.predict);
  AddScore(*command, flags.score);
  command->footer(
      "Files are CSV with columns question and answer, or as public sets call "
      "them\n(docs/formats.md).");
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
