// SPDX-License-Identifier: MIT
// Mazes in the published form: wall, free, start, goal, and in the answer the
// cells of the one shortest path between start and goal.
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
  int length = -1;  // steps of a shortest path; -1: there is none
  // Shortest paths, counted up to 2.
  int count = 0;
  // Row-major cells of one of them, start and goal included.
  std::vector<int> cells;
};

// Steps go up, down, left and right over everything but walls. InvalidArgument:
// a value above 4, or not exactly one start and one goal.
absl::StatusOr<MazePaths> ShortestMazePaths(const Grid& question);

// `question` with the cells of `paths` between start and goal marked.
Grid MarkMazePath(const Grid& question, const MazePaths& paths);

// Does `answer` keep the walls, start and goal of `question` and mark exactly
// the cells of one way from start to goal, without branches? InvalidArgument
// says what is wrong. The steps are put into `length`, which may be null.
absl::Status CheckMazeAnswer(const Grid& question, const Grid& answer,
                             int* length);

// The least path length in steps asked of a maze of this side: as many for its
// cells as 110 are for 30x30 (Maze-Hard).
int DefaultMazePath(int side);

// Corridors carved depth first, some walls opened, one shortest path of at
// least `min_path` steps. ResourceExhausted when `max_tries` mazes had none.
absl::StatusOr<Puzzle> GenerateMaze(int side, int min_path, Random& random,
                                    int max_tries = 10000);

}  // namespace arctrm
