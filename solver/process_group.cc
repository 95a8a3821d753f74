// SPDX-License-Identifier: MIT
#include "solver/process_group.h"

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr int kMaxRanks = 4096;

// "" if the variable is absent.
std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The integer in the variable `name`, from `low` to `high`.
absl::StatusOr<int> Number(const char* name, int low, int high) {
  const std::string text = Variable(name);
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < low || value > high) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the environment has WORLD_SIZE=", Variable("WORLD_SIZE"), " and ",
        text.empty() ? absl::StrCat("no ", name)
                     : absl::StrCat(name, "=", text),
        "; expected ", name, " from ", low, " to ", high,
        ", as torchrun sets it, or no WORLD_SIZE for a single process"));
  }
  return value;
}

absl::Status ReadSeconds(const char* name, absl::Duration& into) {
  const std::string text = Variable(name);
  if (text.empty()) return absl::OkStatus();
  double seconds = 0;
  if (!absl::SimpleAtod(text, &seconds) || !(seconds > 0 && seconds < 1e8)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "=", text, ": expected seconds, more than 0"));
  }
  into = absl::Seconds(seconds);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ProcessGroup> ProcessGroupFromEnvironment() {
  ProcessGroup group;
  if (Variable("WORLD_SIZE").empty()) return group;
  ARCTRM_ASSIGN_OR_RETURN(group.size, Number("WORLD_SIZE", 1, kMaxRanks));
  if (group.size == 1) return group;
  ARCTRM_ASSIGN_OR_RETURN(group.rank, Number("RANK", 0, group.size - 1));
  ARCTRM_ASSIGN_OR_RETURN(group.port, Number("MASTER_PORT", 1, 65535));
  group.local_rank = group.rank;
  if (!Variable("LOCAL_RANK").empty()) {
    ARCTRM_ASSIGN_OR_RETURN(group.local_rank,
                            Number("LOCAL_RANK", 0, group.size - 1));
  }
  if (!Variable("MASTER_ADDR").empty()) group.address = Variable("MASTER_ADDR");
  ARCTRM_RETURN_IF_ERROR(
      ReadSeconds("ARCTRM_MEET_TIMEOUT", group.meet_timeout));
  ARCTRM_RETURN_IF_ERROR(
      ReadSeconds("ARCTRM_OPERATION_TIMEOUT", group.operation_timeout));
  return group;
}

}  // namespace arctrm
