// SPDX-License-Identifier: MIT
// A training that takes milliseconds.
#pragma once

#include <string>

#include "solver/train.h"
#include "tests/solver/test_device.h"

namespace arctrm {

// Tasks that swap the colours of a 2 x 2 grid, each by another rule.
inline Dataset SmallDataset(int tasks) {
  Dataset dataset;
  dataset.canvas.side = 4;
  for (int t = 0; t < tasks; ++t) {
    DatasetTask task;
    task.name = "task" + std::to_string(t);
    for (int p = 0; p < 4; ++p) {
      Grid input(2, 2);
      Grid output(2, 2);
      for (int c = 0; c < 4; ++c) {
        const uint8_t colour = static_cast<uint8_t>((p >> (c % 2)) % 2 + c % 2);
        input.at(c / 2, c % 2) = colour;
        output.at(c / 2, c % 2) = static_cast<uint8_t>(colour + 1 + t);
      }
      task.pairs.push_back({input, output});
    }
    task.augmentations.push_back(Augmentation());
    dataset.tasks.push_back(task);
  }
  return dataset;
}

// The same and tasks with larger grids, taller than wide and rotated, with
// space on a canvas of 6 x 6.
inline Dataset MixedDataset(int tasks) {
  Dataset dataset = SmallDataset(tasks);
  dataset.canvas.side = 6;
  for (int side = 3; side <= 5; ++side) {
    DatasetTask task = dataset.tasks[0];
    task.name = "side" + std::to_string(side);
    for (Pair& pair : task.pairs) {
      pair.input = Grid(side, 2, static_cast<uint8_t>(side));
    }
    task.augmentations.emplace_back();
    task.augmentations.back().dihedral = 6;
    dataset.tasks.push_back(task);
  }
  return dataset;
}

inline TrainRequest SmallRequest(const Dataset& dataset, int threads) {
  TrainRequest request;
  request.dataset = &dataset;
  request.spec.model.hidden = 32;
  request.spec.model.heads = 2;
  request.spec.model.h_cycles = 2;
  request.spec.model.l_cycles = 1;
  request.spec.model.puzzle_prefix = 2;
  request.spec.model.halt_max_steps = 2;
  request.spec.model.canvas_side = dataset.canvas.side;
  request.spec.train.batch = 13;  // slices of unequal size
  request.spec.train.learning_rate = 2e-3;
  request.spec.train.warmup_steps = 0;
  request.spec.train.ema = 0;
  request.spec.train.canvas_step = 1;
  request.spec.device = {TestDeviceName(), threads};
  return request;
}

}  // namespace arctrm
