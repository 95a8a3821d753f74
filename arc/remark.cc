// SPDX-License-Identifier: MIT
#include "arc/remark.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace arctrm {

void AddItem(std::string item, Remark& remark) {
  if (remark.items.size() < kMostItems) {
    remark.items.push_back(std::move(item));
  } else {
    ++remark.more;
  }
}

std::string RemarkText(const Remark& remark, size_t most) {
  std::string text = remark.what;
  const size_t listed = std::min(most, remark.items.size());
  for (size_t i = 0; i < listed; ++i) {
    absl::StrAppend(&text, i == 0 ? ": " : "; ", remark.items[i]);
  }
  const size_t others = remark.items.size() - listed + remark.more;
  if (others > 0) {
    absl::StrAppend(&text, listed == 0 ? ": " : "; and ", others, " more");
  }
  return text;
}

std::string WholeRemarkText(const Remark& remark) {
  return RemarkText(remark, remark.items.size());
}

void LogRemark(const Remark& remark, Log& log) {
  constexpr size_t kListed = 5;
  const std::string line = RemarkText(remark, kListed);
  if (remark.warns) {
    log.Warning(line);
  } else {
    log.Info(line);
  }
  if (remark.items.size() > kListed) log.Detail(WholeRemarkText(remark));
}

void LogRemarks(const std::vector<Remark>& remarks, Log& log) {
  for (const Remark& remark : remarks) LogRemark(remark, log);
}

}  // namespace arctrm
