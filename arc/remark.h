// SPDX-License-Identifier: MIT
// What a reader did that people should know of although it read on.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/log.h"

namespace arctrm {

struct Remark {
  // "left out 3 of 400 tasks"
  std::string what;
  // "e26a3af2 (train[0].input: a grid has 1 to 30 rows, found 31)"
  std::vector<std::string> items;
  // A warning, or only worth a line.
  bool warns = true;
  friend bool operator==(const Remark&, const Remark&) = default;
};

// "what: item; item; and 12 more", with at most `most` items.
std::string RemarkText(const Remark& remark, size_t most);
// With every item.
std::string WholeRemarkText(const Remark& remark);

// One short line each; what is longer stands whole in the log's file.
void LogRemark(const Remark& remark, Log& log);
void LogRemarks(const std::vector<Remark>& remarks, Log& log);

}  // namespace arctrm
