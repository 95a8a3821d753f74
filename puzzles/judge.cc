// SPDX-License-Identifier: MIT
#include "puzzles/judge.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/thread_group.h"
#include "puzzles/maze.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

absl::Status CheckSudoku(const Puzzle& puzzle) {
  ARCTRM_ASSIGN_OR_RETURN(const SudokuShape shape,
                          SudokuShapeOf(puzzle.question.rows()));
  ARCTRM_RETURN_IF_ERROR(
      Annotate(CheckSudokuRules(puzzle.question, shape), "question"));
  const SudokuSolutions solutions = SolveSudoku(puzzle.question, shape, 2);
  if (solutions.undecided) {
    return absl::InvalidArgumentError(
        absl::StrCat("whether it has one solution was not found out with ",
                     solutions.guesses, " guesses"));
  }
  if (solutions.found != 1) {
    return absl::InvalidArgumentError(solutions.found == 0
                                          ? "it has no solution"
                                          : "it has several solutions");
  }
  if (puzzle.answer.empty() || puzzle.answer == solutions.first) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("the answer is not its solution");
}

absl::Status CheckMaze(const Puzzle& puzzle) {
  const std::vector<uint8_t>& cells = puzzle.question.cells();
  if (std::find(cells.begin(), cells.end(), kMazePath) != cells.end()) {
    return absl::InvalidArgumentError("the question shows a path");
  }
  ARCTRM_ASSIGN_OR_RETURN(const MazePaths paths,
                          ShortestMazePaths(puzzle.question));
  if (paths.length < 0) {
    return absl::InvalidArgumentError("no way leads from start to goal");
  }
  if (paths.count != 1) {
    return absl::InvalidArgumentError("it has several shortest paths");
  }
  if (puzzle.answer.empty()) return absl::OkStatus();
  int length = 0;
  ARCTRM_RETURN_IF_ERROR(
      CheckMazeAnswer(puzzle.question, puzzle.answer, &length));
  if (length == paths.length) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the answer's path has ", length,
                   " steps, the shortest has ", paths.length));
}

bool IsValid(PuzzleKind kind, const Puzzle& puzzle, const Grid& answer) {
  if (kind == PuzzleKind::kMaze) {
    return CheckMazeAnswer(puzzle.question, answer, nullptr).ok();
  }
  const absl::StatusOr<SudokuShape> shape =
      SudokuShapeOf(puzzle.question.rows());
  if (!shape.ok() || !CheckSudokuRules(answer, *shape).ok()) return false;
  for (size_t i = 0; i < answer.cells().size(); ++i) {
    const uint8_t clue = puzzle.question.cells()[i];
    const uint8_t digit = answer.cells()[i];
    if (digit == 0 || (clue != 0 && clue != digit)) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckPuzzle(PuzzleKind kind, const Puzzle& puzzle) {
  return kind == PuzzleKind::kMaze ? CheckMaze(puzzle) : CheckSudoku(puzzle);
}

std::vector<std::pair<size_t, absl::Status>> FindFaults(
    PuzzleKind kind, const std::vector<Puzzle>& puzzles, int threads,
    const std::function<void(size_t)>& progress) {
  constexpr size_t kPiece = 256;
  std::vector<std::pair<size_t, absl::Status>> faults;
  std::mutex mutex;  // guards faults
  std::atomic<size_t> next{0};
  const auto work = [&](bool shows) {
    for (size_t begin = next.fetch_add(kPiece); begin < puzzles.size();
         begin = next.fetch_add(kPiece)) {
      if (shows && progress) progress(begin);
      const size_t end = std::min(puzzles.size(), begin + kPiece);
      for (size_t i = begin; i < end; ++i) {
        absl::Status status = CheckPuzzle(kind, puzzles[i]);
        if (status.ok()) continue;
        const std::lock_guard<std::mutex> lock(mutex);
        faults.emplace_back(i, std::move(status));
      }
    }
  };
  ThreadGroup helpers;
  for (int t = 1; t < threads; ++t) {
    if (!helpers.Start([&] { work(false); })) break;
  }
  work(true);
  helpers.Join();
  std::sort(faults.begin(), faults.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return faults;
}

Verdict Judge(PuzzleKind kind, const Puzzle& puzzle, const Grid& answer) {
  if (answer == puzzle.answer) return Verdict::kExact;
  return IsValid(kind, puzzle, answer) ? Verdict::kValid : Verdict::kWrong;
}

PuzzleScore ScorePuzzles(PuzzleKind kind, const std::vector<Puzzle>& puzzles,
                         const std::vector<Grid>& answers) {
  ARCTRM_CHECK(puzzles.size() == answers.size());
  PuzzleScore score;
  int64_t cells = 0;
  int64_t right = 0;
  for (size_t i = 0; i < puzzles.size(); ++i) {
    const Grid& known = puzzles[i].answer;
    const Verdict verdict = Judge(kind, puzzles[i], answers[i]);
    score.verdicts.push_back(verdict);
    ++score.puzzles;
    score.exact += verdict == Verdict::kExact;
    score.valid += verdict != Verdict::kWrong;
    cells += known.size();
    if (answers[i].size() != known.size()) continue;
    for (size_t c = 0; c < known.cells().size(); ++c) {
      right += known.cells()[c] == answers[i].cells()[c];
    }
  }
  if (cells > 0) {
    score.token_accuracy =
        static_cast<double>(right) / static_cast<double>(cells);
  }
  return score;
}

}  // namespace arctrm
