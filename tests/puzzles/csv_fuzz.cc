// SPDX-License-Identifier: MIT
// A file of puzzles from any bytes. What was read comes back the same from what
// it writes, and can be judged.
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
    // Hard questions may take seconds: the rating bounds nothing here.
    if (i == 0 && puzzle.question.rows() <= 6) {
      (void)arctrm::CheckPuzzle(file->kind, puzzle);
    }
    (void)arctrm::Judge(file->kind, puzzle, puzzle.question);
  }
  return 0;
}
