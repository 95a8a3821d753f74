// SPDX-License-Identifier: MIT
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "solver/train.h"

namespace arctrm {
namespace {

constexpr char kDiverged[] = "arctrm/diverged";

}  // namespace

const char* TrainStopName(TrainStop stop) {
  switch (stop) {
    case TrainStop::kSteps:
      return "all steps done";
    case TrainStop::kDeadline:
      return "time used up";
    case TrainStop::kSignal:
      return "stopped by a signal";
    case TrainStop::kCallback:
      return "stopped by the caller";
    case TrainStop::kDiverged:
      return "diverged";
  }
  return "";
}

absl::Status DivergedError(absl::string_view message) {
  absl::Status status = absl::InternalError(message);
  status.SetPayload(kDiverged, absl::Cord());
  return status;
}

bool IsDiverged(const absl::Status& status) {
  return status.GetPayload(kDiverged).has_value();
}

std::string SnapshotDir(const std::string& out, int number) {
  return BesidePath(out, absl::StrCat(".snapshot-", number));
}

std::string SpareBest(const std::string& spare_out) {
  return BesidePath(spare_out, ".best");
}

}  // namespace arctrm
