// SPDX-License-Identifier: MIT
#include "pipeline/memory_check.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/memory.h"
#include "solver/step_memory.h"

namespace arctrm {
namespace {

// The rest is for other programs.
constexpr double kUsableShare = 0.95;

double UsableBytes() {
  return kUsableShare * (static_cast<double>(AvailableMemoryBytes()) +
                         static_cast<double>(ResidentBytes()));
}

double NeededBytes(const Dataset& dataset, const ModelOptions& model,
                   TrainOptions train, int batch, int threads) {
  if (threads <= 0) {
    threads = static_cast<int>(std::thread::hardware_concurrency());
  }
  train.batch = batch;
  return static_cast<double>(
      EstimateTrainingBytes(dataset, model, train, threads));
}

}  // namespace

int BatchForMemory(const Dataset& dataset, const ModelOptions& model,
                   const TrainOptions& train, int threads, int least) {
  const double usable = UsableBytes();
  for (int batch = train.batch; batch >= std::max(1, least); batch /= 2) {
    if (NeededBytes(dataset, model, train, batch, threads) <= usable) {
      return batch;
    }
  }
  return 0;
}

absl::Status CheckMemory(const Dataset& dataset, const ModelOptions& model,
                         const TrainOptions& train, int threads) {
  const int batch = BatchForMemory(dataset, model, train, threads, 1);
  if (batch == train.batch) return absl::OkStatus();
  constexpr double kGib = 1 << 30;
  return absl::FailedPreconditionError(absl::StrFormat(
      "training with train.batch %d takes about %.1f GiB of memory, %.1f GiB "
      "are available; %s",
      train.batch,
      NeededBytes(dataset, model, train, train.batch, threads) / kGib,
      UsableBytes() / kGib,
      batch > 0 ? absl::StrCat("--set train.batch=", batch, " fits")
                : "use a smaller network (--recipe small), fewer "
                  "--augmentations, or a machine with more memory"));
}

}  // namespace arctrm
