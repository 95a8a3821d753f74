// SPDX-License-Identifier: MIT
#include "cli/show_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "arc/draw.h"
#include "arc/read.h"
#include "augment/dataset.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/read_text.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/inputs.h"
#include "cli/suggest.h"
#include "puzzles/csv.h"
#include "puzzles/draw.h"
#include "solver/checkpoint_info.h"
#include "submission/partial.h"

namespace arctrm {
namespace {

struct Style {
  bool color = false;
  int width = 100;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Style ChooseStyle(const std::string& color) {
  Style style;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  style.color = color == "always" || (color == "auto" && terminal &&
                                      Environment("NO_COLOR").empty() &&
                                      Environment("TERM") != "dumb");
  int columns = 0;
  winsize size{};
  if (absl::SimpleAtoi(Environment("COLUMNS"), &columns) && columns > 0) {
    style.width = columns;
  } else if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
             size.ws_col > 0) {
    style.width = size.ws_col;
  }
  style.width = std::clamp(style.width, 20, 1000);
  return style;
}

enum class ShownForm { kTasks, kSolutions, kSubmission, kDataset, kPuzzles };

bool IsPuzzleFile(absl::string_view path) {
  path = WithoutPacking(path);
  return absl::EndsWithIgnoreCase(path, ".csv") ||
         absl::EndsWithIgnoreCase(path, ".tsv");
}

// Recognises the form of a file. Unknown forms count as tasks, so that
// ReadTasks reports the fault.
ShownForm RecognizeForm(const std::string& path) {
  if (IsDirectory(path) && FileExists(JoinPath(path, "dataset.json"))) {
    return ShownForm::kDataset;
  }
  if (!IsDirectory(path) && IsPuzzleFile(path)) return ShownForm::kPuzzles;
  switch (LookAtArcFile(path)) {
    case ArcFileForm::kSolutions:
      return ShownForm::kSolutions;
    case ArcFileForm::kSubmission:
      return ShownForm::kSubmission;
    case ArcFileForm::kTasks:
      break;
  }
  return ShownForm::kTasks;
}

using Drawing = std::pair<std::string, std::string>;  // (id, text)

std::vector<Drawing> DrawTasks(const ChallengeSet& challenges,
                               const SolutionSet& solutions, Style style) {
  std::vector<Drawing> drawings;
  for (const Task& task : challenges.tasks) {
    drawings.emplace_back(task.id,
                          DrawTask(task, solutions, style.color, style.width));
  }
  return drawings;
}

std::vector<Drawing> DrawSolutions(const SolutionSet& solutions, Style style) {
  std::vector<Drawing> drawings;
  for (const auto& [id, grids] : solutions) {
    std::vector<std::string> titles;
    for (size_t i = 0; i < grids.size(); ++i) {
      titles.push_back(absl::StrCat("test ", i));
    }
    drawings.emplace_back(
        id, absl::StrCat("task ", Printable(id), "\n",
                         DrawRow(grids, titles, style.color, style.width)));
  }
  return drawings;
}

std::vector<Drawing> DrawSubmission(const Submission& submission,
                                    const SolutionSet& solutions, Style style) {
  std::vector<Drawing> drawings;
  for (const auto& [id, attempts] : submission) {
    std::string text = absl::StrCat("task ", Printable(id), "\n");
    const auto known = solutions.find(id);
    for (size_t i = 0; i < attempts.size(); ++i) {
      std::vector<Grid> grids = {attempts[i].attempt_1, attempts[i].attempt_2};
      std::vector<std::string> titles = {absl::StrCat(i, " attempt 1"),
                                         absl::StrCat(i, " attempt 2")};
      if (known != solutions.end() && i < known->second.size()) {
        grids.push_back(known->second[i]);
        titles.push_back(absl::StrCat(i, " solution"));
      }
      absl::StrAppend(&text, DrawRow(grids, titles, style.color, style.width));
    }
    drawings.emplace_back(id, std::move(text));
  }
  return drawings;
}

std::vector<Drawing> DrawPuzzles(const PuzzleFile& file, Style style) {
  std::vector<Drawing> drawings;
  for (size_t i = 0; i < file.puzzles.size(); ++i) {
    const Puzzle& puzzle = file.puzzles[i];
    const std::string id = absl::StrCat(i + 1);
    drawings.emplace_back(
        id,
        absl::StrCat("puzzle ", id, "  ", Printable(puzzle.source), "  rating ",
                     puzzle.rating.has_value() ? absl::StrCat(*puzzle.rating)
                                               : "unknown",
                     "\n", DrawPuzzle(file.kind, puzzle, style.color)));
  }
  return drawings;
}

std::vector<Drawing> DrawDataset(const Dataset& dataset, Style style) {
  std::vector<Drawing> drawings;
  for (const DatasetTask& task : dataset.tasks) {
    std::string text = absl::StrCat(
        Printable(task.name), ": ", task.augmentations.size() - 1,
        " augmentations, trained ",
        task.trains_on_test_pairs ? "with" : "without", " test pairs\n");
    // Drawn as a task, so that pairs look the same.
    const Task drawn{task.name, task.pairs, task.test_inputs};
    absl::StrAppend(&text, DrawTask(drawn, {}, style.color, style.width));
    drawings.emplace_back(task.name, std::move(text));
  }
  return drawings;
}

absl::StatusOr<std::string> Select(const std::vector<Drawing>& drawings,
                                   const std::vector<std::string>& wanted,
                                   const std::string& path) {
  std::vector<std::string> known;
  std::map<std::string, const std::string*> by_id;
  for (const Drawing& drawing : drawings) {
    known.push_back(drawing.first);
    by_id.emplace(drawing.first, &drawing.second);
  }
  std::vector<std::string> ids = wanted.empty() ? known : wanted;
  std::vector<std::string> parts;
  for (const std::string& id : ids) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) {
      const std::string near = Suggest(id, known);
      return absl::NotFoundError(absl::StrCat(
          path, ": holds no task ", id, " (it holds ", known.size(), ")",
          near.empty() ? "" : absl::StrCat("; did you mean ", near, "?")));
    }
    parts.push_back(*found->second);
  }
  return absl::StrJoin(parts, "\n");
}

absl::StatusOr<int> Show(const ShowFlags& flags, Log& log) {
  const Style style = ChooseStyle(flags.color);
  SolutionSet solutions;
  if (!flags.solutions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(solutions,
                            LoadSolutions(flags.solutions, nullptr, log));
  }
  if (LooksLikeWeights(flags.path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        flags.path,
        ": holds weights, which can't be drawn; `arctrm checkpoint "
        "info ",
        flags.path, "` describes them"));
  }
  std::vector<Drawing> drawings;
  switch (RecognizeForm(flags.path)) {
    case ShownForm::kTasks: {
      ARCTRM_ASSIGN_OR_RETURN(TaskFiles files, ReadTasks(flags.path));
      LogRemarks(files.remarks, log);
      // --solutions overrides the test outputs in the file.
      solutions.merge(files.solutions);
      drawings = DrawTasks(files.challenges, solutions, style);
      break;
    }
    case ShownForm::kSolutions: {
      ARCTRM_ASSIGN_OR_RETURN(const SolutionSet shown,
                              LoadSolutions(flags.path, nullptr, log));
      drawings = DrawSolutions(shown, style);
      break;
    }
    case ShownForm::kSubmission: {
      ARCTRM_ASSIGN_OR_RETURN(const ReadSubmissionResult read,
                              ReadPartialSubmission(flags.path));
      LogRemarks(read.remarks, log);
      for (const std::string& line : AttemptRemarks(read)) log.Warning(line);
      drawings = DrawSubmission(read.submission, solutions, style);
      break;
    }
    case ShownForm::kPuzzles: {
      ARCTRM_ASSIGN_OR_RETURN(const PuzzleFile file, ReadPuzzleCsv(flags.path));
      drawings = DrawPuzzles(file, style);
      break;
    }
    case ShownForm::kDataset: {
      ARCTRM_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(flags.path));
      drawings = DrawDataset(dataset, style);
      break;
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(const std::string text,
                          Select(drawings, flags.tasks, flags.path));
  ARCTRM_RETURN_IF_ERROR(PrintDrawing(text));
  return kExitDone;
}

}  // namespace

CLI::App* AddShowCommand(CLI::App& app, ShowFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "show", "Draw tasks, submissions, puzzles or a dataset");
  command
      ->add_option(
          "file", flags.path,
          "File of tasks, solutions or attempts, folder of such files, "
          "dataset folder, or CSV file of puzzles")
      ->type_name("F")
      ->required();
  command
      ->add_option("task", flags.tasks,
                   "Ids of the tasks, or numbers of the puzzles, to draw "
                   "(default: all)")
      ->type_name("TASK");
  command
      ->add_option(
          "--solutions", flags.solutions,
          "Solutions to draw beside the test inputs (default: those in the "
          "file)")
      ->type_name("F");
  command
      ->add_option("--color", flags.color,
                   "When to draw in colours instead of digits; auto: on a "
                   "terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN")
      ->capture_default_str();
  AddCommonFlags(*command, {}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm show challenges.json 007bbfb7\n"
      "  arctrm show submission.json --solutions solutions.json --color always "
      "|\n"
      "    less -R");
  return command;
}

int RunShow(const ShowFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Show(flags, log); });
}

}  // namespace arctrm
