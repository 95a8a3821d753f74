// SPDX-License-Identifier: MIT
#include "pipeline/failed_writes.h"

#include "absl/strings/str_cat.h"

namespace arctrm {

bool FailedWrites::Add(const absl::Status& why) {
  if (!absl::IsResourceExhausted(why)) only_room_ = false;
  return ++count_ == 1;
}

std::string FailedWrites::Summary() const {
  if (count_ < 2) return "";
  return absl::StrCat(count_, " writes in total ",
                      only_room_ ? "found no room" : "failed");
}

}  // namespace arctrm
