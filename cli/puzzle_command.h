// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "cli/flags.h"

namespace arctrm {

// `arctrm puzzle generate`.
struct PuzzleGenerateFlags {
  std::string kind;  // "sudoku", "maze"
  std::string out;
  int64_t count = 0;
  int size = 0;         // 0: 9 for Sudoku, 30 for mazes
  int min_rating = -1;  // -1: the default of GenerateOptions
  CommonFlags common;
};

// `arctrm puzzle check`.
struct PuzzleCheckFlags {
  std::string puzzles;
  CommonFlags common;
};

// `arctrm puzzle score`.
struct PuzzleScoreFlags {
  std::string answers;
  std::string puzzles;
  bool json = false;
  CommonFlags common;
};

// `arctrm puzzle train`: trains on one file of puzzles and scores another.
struct PuzzleTrainFlags {
  std::string kind;
  std::string train;
  std::string test;
  std::string out;
  std::string checkpoint;
  int augmentations = 1000;
  int min_rating = -1;  // -1: accept every puzzle
  int max_rating = -1;
  int64_t sample = 0;  // 0: all
  int64_t held_out = 0;
  std::string report;  // "": none
  absl::Duration time_limit = absl::InfiniteDuration();
  int64_t steps = 0;
  bool resume = false;
  CommonFlags common;
};

// `arctrm puzzle predict`.
struct PuzzlePredictFlags {
  std::string checkpoint;
  std::string puzzles;
  std::string out;
  absl::Duration time_limit = absl::InfiniteDuration();
  CommonFlags common;
};

// All commands of `arctrm puzzle`.
struct PuzzleFlags {
  PuzzleGenerateFlags generate;
  PuzzleCheckFlags check;
  PuzzleScoreFlags score;
  PuzzleTrainFlags train;
  PuzzlePredictFlags predict;
};

CLI::App* AddPuzzleCommand(CLI::App& app, PuzzleFlags& flags);
int RunPuzzleGenerate(const PuzzleGenerateFlags& flags);
int RunPuzzleCheck(const PuzzleCheckFlags& flags);
int RunPuzzleScore(const PuzzleScoreFlags& flags);

}  // namespace arctrm
