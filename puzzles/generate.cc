// SPDX-License-Identifier: MIT
#include "puzzles/generate.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status.h"
#include "base/thread_group.h"
#include "puzzles/maze.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

// After this many repeated puzzles in a row, the size has no more.
constexpr int kMostRepeats = 1000;

absl::StatusOr<Puzzle> GenerateOne(const GenerateOptions& options,
                                   int64_t index, int repeat) {
  std::string purpose = absl::StrCat(PuzzleKindName(options.kind), " ", index);
  if (repeat > 0) absl::StrAppend(&purpose, " again ", repeat);
  Random random(options.seed, purpose);
  if (options.kind == PuzzleKind::kMaze) {
    const int least = options.min_rating >= 0 ? options.min_rating
                                              : DefaultMazePath(options.side);
    return GenerateMaze(options.side, least, random);
  }
  ARCTRM_ASSIGN_OR_RETURN(const SudokuShape shape, SudokuShapeOf(options.side));
  return GenerateSudoku(shape, std::max(0, options.min_rating), random);
}

}  // namespace

absl::StatusOr<PuzzleFile> GeneratePuzzles(const GenerateOptions& options) {
  PuzzleFile file;
  file.kind = options.kind;
  const size_t count = static_cast<size_t>(options.count);
  file.puzzles.resize(count);
  std::vector<absl::Status> faults(
      static_cast<size_t>(std::max(1, options.threads)));
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  std::atomic<bool> stop{false};
  const auto work = [&](size_t worker) {
    for (int64_t i = next++; i < options.count && !stop; i = next++) {
      absl::StatusOr<Puzzle> puzzle = GenerateOne(options, i, 0);
      if (!puzzle.ok()) {
        faults[worker] = puzzle.status();
        stop = true;
        return;
      }
      file.puzzles[static_cast<size_t>(i)] = *std::move(puzzle);
      const int64_t so_far = ++done;
      if (worker == 0 && options.progress && !options.progress(so_far)) {
        faults[0] = absl::CancelledError("stopped");
        stop = true;
      }
    }
  };
  ThreadGroup helpers;
  for (size_t t = 1; t < faults.size(); ++t) {
    if (!helpers.Start([&work, t] { work(t); })) break;
  }
  work(0);
  helpers.Join();
  for (const absl::Status& fault : faults) ARCTRM_RETURN_IF_ERROR(fault);

  // Small puzzles may repeat; repeats are generated again.
  std::set<Grid> seen;
  for (size_t i = 0; i < count; ++i) {
    Puzzle& puzzle = file.puzzles[i];
    for (int repeat = 1; !seen.insert(puzzle.question).second; ++repeat) {
      if (repeat > kMostRepeats) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "after ", i, " puzzles hardly a new one of ", options.side, "x",
            options.side, " is found; ask for fewer"));
      }
      ARCTRM_ASSIGN_OR_RETURN(
          puzzle, GenerateOne(options, static_cast<int64_t>(i), repeat));
    }
  }
  return file;
}

}  // namespace arctrm
