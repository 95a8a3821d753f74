// SPDX-License-Identifier: MIT
#include "arc/internal/fault_list.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace arctrm {

void FaultList::Add(absl::string_view fault) {
  constexpr size_t kListed = 10;
  if (listed_.size() < kListed) listed_.emplace_back(fault);
  ++count_;
}

absl::Status FaultList::ToStatus(absl::string_view path) const {
  if (empty()) return absl::OkStatus();
  std::string text = absl::StrCat(path, ": ");
  if (count_ > 1) absl::StrAppend(&text, count_, " faults: ");
  absl::StrAppend(&text, absl::StrJoin(listed_, "; "));
  if (count_ > listed_.size()) {
    absl::StrAppend(&text, "; and ", count_ - listed_.size(), " more");
  }
  return absl::InvalidArgumentError(text);
}

}  // namespace arctrm
