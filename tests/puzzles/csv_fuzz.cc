// SPDX-License-Identifier: MIT
// Reads a file of puzzles from any bytes. Writing and reading again must
// preserve the puzzles; judging them must not crash.
#include <cstdlib>

#include "puzzles/csv.h"
#include "puzzles/judge.h"
#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = arctrm::ParsePuzzleCsv(
      {reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!file.ok()) return 0;
  const auto again = arctrm::ParsePuzzleCsv(arctrm::PuzzleCsv(*file), "again");
  if (!again.ok() || again->puzzles.size() != file->puzzles.size()) abort();
  for (size_t i = 0; i < file->puzzles.size(); ++i) {
    const arctrm::Puzzle& puzzle = file->puzzles[i];
    if (again->puzzles[i].question != puzzle.question ||
        again->puzzles[i].answer != puzzle.answer ||
        again->puzzles[i].source != puzzle.source ||
        again->puzzles[i].rating != puzzle.rating) {
      abort();
    }
    // Only small puzzles, as hard large ones may take seconds.
    if (i == 0 && puzzle.question.rows() <= 6) {
      (void)arctrm::CheckPuzzle(file->kind, puzzle);
    }
    (void)arctrm::Judge(file->kind, puzzle, puzzle.question);
  }
  return 0;
}
