// SPDX-License-Identifier: MIT
// Mazes in the published form: walls, free cells, start and goal; the answer
// marks the unique shortest path between start and goal.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arc/grid.h"
#include "base/random.h"
#include "puzzles/puzzle.h"

namespace arctrm {

inline constexpr uint8_t kMazeWall = 0;
inline constexpr uint8_t kMazeFree = 1;
inline constexpr uint8_t kMazeStart = 2;
inline constexpr uint8_t kMazeGoal = 3;
inline constexpr uint8_t kMazePath = 4;

struct MazePaths {
  int length = -1;  // steps of a shortest path; -1 for none
  // Number of shortest paths, at most 2.
  int count = 0;
  // Row-major cells of one shortest path, including start and goal.
  std::vector<int> cells;
};

// Steps go up, down, left and right over all cells but walls. InvalidArgument
// for values above 4, or unless there is exactly one start and one goal.
absl::StatusOr<MazePaths> ShortestMazePaths(const Grid& question);

// Marks the cells of the path between start and goal in `question`.
Grid MarkMazePath(const Grid& question, const MazePaths& paths);

// InvalidArgument unless `answer` keeps the walls, start and goal of `question`
// and marks exactly one path from start to goal without branches. Sets
// `length`, which may be null, to its steps.
absl::Status CheckMazeAnswer(const Grid& question, const Grid& answer,
                             int* length);

// The default minimum path length in steps: 110 for 30x30 (Maze-Hard), in
// proportion to the cells for other sides.
int DefaultMazePath(int side);

// Carves corridors depth first, then opens some walls. The shortest path is
// unique and has at least `min_path` steps; ResourceExhausted if `max_tries`
// mazes had none.
absl::StatusOr<Puzzle> GenerateMaze(int side, int min_path, Random& random,
                                    int max_tries = 10000);

}  // namespace arctrm
