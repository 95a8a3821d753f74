// SPDX-License-Identifier: MIT
#include "puzzles/maze.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm {
namespace {

// Up to this share of the walls between corridors is opened, so that there are
// several paths and the shortest must be found.
constexpr double kMostOpened = 0.15;

constexpr std::array<std::pair<int, int>, 4> kSteps = {
    {{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};

std::string Place(const Grid& grid, int cell) {
  return absl::StrCat("row ", cell / grid.cols() + 1, ", column ",
                      cell % grid.cols() + 1);
}

uint8_t ValueAt(const Grid& grid, int cell) {
  return grid.cells()[static_cast<size_t>(cell)];
}

template <typename Visit>
void ForNeighbours(const Grid& grid, int cell, Visit visit) {
  for (const auto& [dr, dc] : kSteps) {
    const int r = cell / grid.cols() + dr;
    const int c = cell % grid.cols() + dc;
    if (grid.Contains(r, c)) visit(r * grid.cols() + c);
  }
}

struct Distances {
  std::vector<int> steps;  // from the start; -1 if unreachable
  std::vector<int> ways;   // shortest paths, at most 2
  std::vector<int> from;   // the previous cell on one of them
};

Distances Flood(const Grid& grid, int start) {
  const size_t cells = static_cast<size_t>(grid.size());
  Distances out = {std::vector<int>(cells, -1), std::vector<int>(cells, 0),
                   std::vector<int>(cells, -1)};
  const auto steps = [&](int cell) -> int& {
    return out.steps[static_cast<size_t>(cell)];
  };
  const auto ways = [&](int cell) -> int& {
    return out.ways[static_cast<size_t>(cell)];
  };
  std::vector<int> queue = {start};
  steps(start) = 0;
  ways(start) = 1;
  for (size_t at = 0; at < queue.size(); ++at) {
    const int cell = queue[at];
    ForNeighbours(grid, cell, [&](int next) {
      if (ValueAt(grid, next) == kMazeWall) return;
      if (steps(next) < 0) {
        steps(next) = steps(cell) + 1;
        out.from[static_cast<size_t>(next)] = cell;
        queue.push_back(next);
      }
      if (steps(next) == steps(cell) + 1) {
        ways(next) = std::min(2, ways(next) + ways(cell));
      }
    });
  }
  return out;
}

// Finds the only cell with this value.
absl::StatusOr<int> Find(const Grid& grid, uint8_t value, const char* name) {
  int found = -1;
  for (int cell = 0; cell < grid.size(); ++cell) {
    if (ValueAt(grid, cell) != value) continue;
    if (found >= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the maze has a second ", name, " at ",
                       Place(grid, cell), "; expected one"));
    }
    found = cell;
  }
  if (found < 0) {
    return absl::InvalidArgumentError(absl::StrCat("the maze has no ", name));
  }
  return found;
}

// Carves corridors in every second row and column, beginning at 0 or 1.
Grid Carve(int side, Random& random) {
  Grid grid(side, side, kMazeWall);
  const int top = random.Between(0, 1);
  const int left = random.Between(0, 1);
  const int rows = (side - top + 1) / 2;
  const int cols = (side - left + 1) / 2;
  const auto open = [&](int r2, int c2) {  // in half steps between rooms
    grid.at(top + r2, left + c2) = kMazeFree;
  };
  std::vector<bool> seen(static_cast<size_t>(rows * cols), false);
  std::vector<std::pair<int, int>> walls;  // between two rooms, in half steps
  std::vector<int> stack = {
      static_cast<int>(random.Below(static_cast<uint64_t>(rows * cols)))};
  seen[static_cast<size_t>(stack[0])] = true;
  open(stack[0] / cols * 2, stack[0] % cols * 2);
  while (!stack.empty()) {
    const int room = stack.back();
    std::vector<std::pair<int, int>> ways(kSteps.begin(), kSteps.end());
    random.Shuffle(ways);
    bool went = false;
    for (const auto& [dr, dc] : ways) {
      const int r = room / cols + dr;
      const int c = room % cols + dc;
      if (r < 0 || r >= rows || c < 0 || c >= cols) continue;
      const std::pair<int, int> wall = {2 * r - dr, 2 * c - dc};
      if (seen[static_cast<size_t>(r * cols + c)]) {
        walls.push_back(wall);
        continue;
      }
      seen[static_cast<size_t>(r * cols + c)] = true;
      open(wall.first, wall.second);
      open(2 * r, 2 * c);
      stack.push_back(r * cols + c);
      went = true;
      break;
    }
    if (!went) stack.pop_back();
  }
  // Walls are listed once per side, and some were opened later.
  std::sort(walls.begin(), walls.end());
  walls.erase(std::unique(walls.begin(), walls.end()), walls.end());
  const double share = random.Uniform() * kMostOpened;
  for (const auto& [r2, c2] : walls) {
    if (random.Chance(share)) open(r2, c2);
  }
  return grid;
}

}  // namespace

absl::StatusOr<MazePaths> ShortestMazePaths(const Grid& question) {
  for (int cell = 0; cell < question.size(); ++cell) {
    if (ValueAt(question, cell) > kMazePath) {
      return absl::InvalidArgumentError(
          absl::StrCat(Place(question, cell), " holds no cell of a maze"));
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(const int start, Find(question, kMazeStart, "start"));
  ARCTRM_ASSIGN_OR_RETURN(const int goal, Find(question, kMazeGoal, "goal"));
  const Distances flood = Flood(question, start);
  MazePaths out;
  out.length = flood.steps[static_cast<size_t>(goal)];
  out.count = flood.ways[static_cast<size_t>(goal)];
  if (out.length < 0) return out;
  for (int cell = goal; cell >= 0; cell = flood.from[static_cast<size_t>(cell)])
    out.cells.push_back(cell);
  std::reverse(out.cells.begin(), out.cells.end());
  return out;
}

Grid MarkMazePath(const Grid& question, const MazePaths& paths) {
  Grid out = question;
  for (const int cell : paths.cells) {
    uint8_t& value = out.at(cell / out.cols(), cell % out.cols());
    if (value == kMazeFree) value = kMazePath;
  }
  return out;
}

absl::Status CheckMazeAnswer(const Grid& question, const Grid& answer,
                             int* length) {
  if (answer.rows() != question.rows() || answer.cols() != question.cols()) {
    return absl::InvalidArgumentError("the answer has another size");
  }
  int marked = 0;
  for (int cell = 0; cell < question.size(); ++cell) {
    const uint8_t was = ValueAt(question, cell);
    const uint8_t is = ValueAt(answer, cell);
    if (is == kMazePath) ++marked;
    if (is != was && !(was == kMazeFree && is == kMazePath)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the answer changes ", Place(question, cell), " of the maze"));
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(const int start, Find(answer, kMazeStart, "start"));
  ARCTRM_ASSIGN_OR_RETURN(const int goal, Find(answer, kMazeGoal, "goal"));
  // Follow the marks from the start; every cell must have exactly one next
  // cell.
  int steps = 0;
  int before = -1;
  int cell = start;
  while (cell != goal) {
    std::vector<int> on;
    bool at_goal = false;
    ForNeighbours(answer, cell, [&](int next) {
      if (next == before) return;
      if (next == goal) at_goal = true;
      if (ValueAt(answer, next) == kMazePath) on.push_back(next);
    });
    if (at_goal && on.empty()) {
      on.push_back(goal);
    } else if (at_goal || on.size() != 1 || steps > marked) {
      return absl::InvalidArgumentError(
          absl::StrCat("the path ", on.empty() ? "ends" : "branches", " at ",
                       Place(answer, cell)));
    }
    before = cell;
    cell = on[0];
    ++steps;
  }
  if (steps != marked + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(marked + 1 - steps, " marked cells are not on the path"));
  }
  if (length != nullptr) *length = steps;
  return absl::OkStatus();
}

int DefaultMazePath(int side) {
  return static_cast<int>(std::lround(110.0 * side * side / (30.0 * 30.0)));
}

absl::StatusOr<Puzzle> GenerateMaze(int side, int min_path, Random& random,
                                    int max_tries) {
  for (int i = 0; i < max_tries; ++i) {
    const Grid maze = Carve(side, random);
    std::vector<int> rooms;
    for (int cell = 0; cell < maze.size(); ++cell) {
      if (ValueAt(maze, cell) != kMazeWall) rooms.push_back(cell);
    }
    const int start = rooms[random.Below(rooms.size())];
    const Distances flood = Flood(maze, start);
    std::vector<int> goals;
    for (const int cell : rooms) {
      const size_t at = static_cast<size_t>(cell);
      if (cell != start && flood.steps[at] >= min_path && flood.ways[at] == 1) {
        goals.push_back(cell);
      }
    }
    if (goals.empty()) continue;
    const int goal = goals[random.Below(goals.size())];
    Puzzle puzzle;
    puzzle.source = "generated";
    puzzle.question = maze;
    puzzle.question.at(start / side, start % side) = kMazeStart;
    puzzle.question.at(goal / side, goal % side) = kMazeGoal;
    const absl::StatusOr<MazePaths> paths = ShortestMazePaths(puzzle.question);
    ARCTRM_CHECK(paths.ok() && paths->count == 1);
    puzzle.answer = MarkMazePath(puzzle.question, *paths);
    puzzle.rating = paths->length;
    return puzzle;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("of ", max_tries, " mazes of ", side, "x", side,
                   " none had a single shortest path of ", min_path,
                   " steps or more; ask for less"));
}

}  // namespace arctrm
