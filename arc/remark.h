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
  // So many more that are not among them: a file of a million faults is not
  // held as a million lines.
  size_t more = 0;
  friend bool operator==(const Remark&, const Remark&) = default;
};

// At most so many items of a kind are held.
inline constexpr size_t kMostItems = 1000;
// Adds an item, or counts it where there are so many.
void AddItem(std::string item, Remark& remark);

// "what: item; item; and 12 more", with at most `most` items.
std::string RemarkText(const Remark& remark, size_t most);
// With every item that is held.
std::string WholeRemarkText(const Remark& remark);

// One short line each; what is longer stands whole in the log's file.
void LogRemark(const Remark& remark, Log& log);
void LogRemarks(const std::vector<Remark>& remarks, Log& log);

}  // namespace arctrm
