// SPDX-License-Identifier: MIT
#include "base/out_of_memory.h"

#include "absl/strings/cord.h"

namespace arctrm {
namespace {

constexpr char kPayload[] = "arctrm/out-of-memory";

}  // namespace

absl::Status OutOfMemoryError(absl::string_view message) {
  absl::Status status = absl::ResourceExhaustedError(message);
  status.SetPayload(kPayload, absl::Cord());
  return status;
}

bool IsOutOfMemory(const absl::Status& status) {
  return status.GetPayload(kPayload).has_value();
}

}  // namespace arctrm
