// SPDX-License-Identifier: MIT
// Prints the seconds of single training steps at one shape, one per line:
// random tasks that fill their canvas, or those of a dataset folder, with all
// work of Train() except checkpoints. In a process group (torchrun's
// environment) rank 0 prints.
#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/clock.h"
#include "base/log.h"
#include "solver/machine.h"
#include "solver/nn/ops.h"
#include "solver/train.h"

namespace {

// Tasks whose grids fill the canvas except their border, with `copies`
// embedding rows each.
arctrm::Dataset RandomTasks(int side, int augmentations) {
  arctrm::Random random(1, "bench");
  arctrm::Dataset dataset;
  dataset.canvas.side = side;
  for (int t = 0; t < 200; ++t) {
    arctrm::DatasetTask task;
    task.name = "t" + std::to_string(t);
    for (int p = 0; p < 4; ++p) {
      arctrm::Pair pair;
      for (arctrm::Grid* grid : {&pair.input, &pair.output}) {
        *grid = arctrm::Grid(side - 1, side - 1);
        for (int r = 0; r < side - 1; ++r) {
          for (int c = 0; c < side - 1; ++c) {
            grid->at(r, c) = static_cast<uint8_t>(random.Below(10));
          }
        }
      }
      task.pairs.push_back(pair);
    }
    task.augmentations.resize(static_cast<size_t>(augmentations));
    dataset.tasks.push_back(task);
  }
  return dataset;
}

// Prints the peak memory of LibTorch's allocator on the device.
void PrintPeakMemory(const std::string& name) {
  const c10::Device device(name);
  auto* const allocator =
      dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr || !allocator->initialized()) return;
  const auto stats = allocator->getDeviceStats(
      device.has_index() ? device.index() : c10::DeviceIndex(0));
  constexpr double kGib = 1 << 30;
  std::fprintf(stderr, "peak memory: %.2f GiB in tensors, %.2f GiB reserved\n",
               static_cast<double>(stats.allocated_bytes[0].peak) / kGib,
               static_cast<double>(stats.reserved_bytes[0].peak) / kGib);
}

}  // namespace

int main(int argc, char** argv) {
  arctrm::LoadCudaBackend();
  CLI::App app("times training steps");
  arctrm::TrainRequest request;
  arctrm::ModelOptions& model = request.spec.model;
  int steps = 5;
  model.hidden = 128;
  model.heads = 4;
  int side = 10;
  request.spec.train.batch = 32;
  request.spec.train.precision = "float32";
  app.add_option("--hidden", model.hidden);
  app.add_option("--heads", model.heads);
  app.add_option("--H", model.h_cycles);
  app.add_option("--L", model.l_cycles);
  app.add_option("--side", side);
  app.add_option("--batch", request.spec.train.batch);
  app.add_option("--precision", request.spec.train.precision);
  app.add_option("--device", request.spec.device.device);
  app.add_option("--threads", request.spec.device.threads);
  app.add_option("--steps", steps);
  app.add_option("--fit-canvas", request.spec.train.fit_canvas);
  app.add_option("--pairs-per-visit", request.spec.train.pairs_per_visit);
  app.add_option("--canvas-step", request.spec.train.canvas_step);
  app.add_option("--kernels", request.spec.train.kernels);
  app.add_option("--graphs", request.spec.train.graphs);
  bool memory = false;
  app.add_flag("--memory", memory,
               "prints the peak memory of a GPU at the end");
  int augmentations = 1;
  app.add_option("--copies", augmentations, "of each of 200 tasks: puzzle ids");
  std::string folder;
  app.add_option("--dataset", folder, "what arctrm augment wrote");
  std::vector<std::string> plain;
  app.add_option("--plain", plain,
                 "what takes LibTorch's own operations instead of a kernel: "
                 "norm, swiglu, rotary, loss, attention, linear, optimizer, "
                 "pairs (products of bfloat16 factors) or all")
      ->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  for (const std::string& name : plain) {
    if (name == "all") {
      arctrm::internal::UseKernels(false);
      continue;
    }
    bool found = false;
    for (int i = 0; i < arctrm::internal::kKernelCount; ++i) {
      const auto kernel = static_cast<arctrm::internal::Kernel>(i);
      if (name != arctrm::internal::KernelText(kernel)) continue;
      arctrm::internal::UseKernel(kernel, false);
      found = true;
    }
    if (!found) {
      std::fprintf(stderr, "step_time: no kernel is called %s\n", name.c_str());
      return 2;
    }
  }
  arctrm::Dataset dataset;
  if (folder.empty()) {
    dataset = RandomTasks(side, augmentations);
  } else {
    absl::StatusOr<arctrm::Dataset> read = arctrm::ReadDataset(folder);
    if (!read.ok()) {
      std::fprintf(stderr, "%s\n", read.status().ToString().c_str());
      return 2;
    }
    dataset = *std::move(read);
  }
  model.canvas_side = dataset.canvas.side;
  const auto group = arctrm::ProcessGroupFromEnvironment();
  if (!group.ok()) {
    std::fprintf(stderr, "%s\n", group.status().ToString().c_str());
    return 2;
  }
  request.group = *group;

  arctrm::LogOptions warnings;
  warnings.quiet = true;
  const auto log = arctrm::OpenLog(warnings);
  if (log.ok()) request.hooks.log = log->get();
  request.dataset = &dataset;
  request.spec.max_steps = steps + 1;
  absl::Time last = absl::Now();
  request.hooks.on_step = [&](const arctrm::TrainStats& s) {
    const absl::Time now = absl::Now();
    if (s.step > 1) {
      std::printf("%.5f\n", absl::ToDoubleSeconds(now - last));
      std::fflush(stdout);
    }
    last = now;
    return true;
  };
  const auto result = arctrm::Train(request);
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    return 1;
  }
  if (memory) PrintPeakMemory(request.spec.device.device);
  return 0;
}
