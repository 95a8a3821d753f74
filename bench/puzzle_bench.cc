// SPDX-License-Identifier: MIT
// Puzzles generated, solved and read per second on one core.
#include <benchmark/benchmark.h>

#include "puzzles/csv.h"
#include "puzzles/generate.h"
#include "puzzles/maze.h"
#include "puzzles/sudoku.h"

namespace arctrm {
namespace {

void BM_Sudoku_Generate(benchmark::State& state) {
  const SudokuShape shape = *SudokuShapeOf(9);
  Random random(1, "bench");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        GenerateSudoku(shape, static_cast<int>(state.range(0)), random));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Sudoku_Generate)->Arg(0)->Arg(2)->Arg(10)->Arg(30);

void BM_Sudoku_Prove(benchmark::State& state) {
  const SudokuShape shape = *SudokuShapeOf(9);
  Random random(1, "bench");
  std::vector<Grid> questions;
  for (int i = 0; i < 200; ++i) {
    questions.push_back(GenerateSudoku(shape, 0, random)->question);
  }
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        SolveSudoku(questions[i++ % questions.size()], shape, 2));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Sudoku_Prove);

void BM_Maze_Generate(benchmark::State& state) {
  Random random(1, "bench");
  const int side = static_cast<int>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(GenerateMaze(side, DefaultMazePath(side), random));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Maze_Generate)->Arg(9)->Arg(30);

void BM_PuzzleCsv_Read(benchmark::State& state) {
  GenerateOptions options;
  options.kind = state.range(0) == 0 ? PuzzleKind::kSudoku : PuzzleKind::kMaze;
  options.side = state.range(0) == 0 ? 9 : 30;
  options.count = 2000;
  PuzzleFile file = *GeneratePuzzles(options);
  const std::string text = PuzzleCsv(file);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ParsePuzzleCsv(text, "bench"));
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(text.size()));
}
BENCHMARK(BM_PuzzleCsv_Read)->Arg(0)->Arg(1);

}  // namespace
}  // namespace arctrm

BENCHMARK_MAIN();
