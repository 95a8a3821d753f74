// SPDX-License-Identifier: MIT
// Remarks on input that a reader skipped or changed without failing.
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
  // Is it a warning, or only information?
  bool warns = true;
  // Number of further items that are not stored.
  size_t more = 0;
  friend bool operator==(const Remark&, const Remark&) = default;
};

// Maximum number of stored items.
inline constexpr size_t kMostItems = 1000;
// Adds an item, or only counts it if `remark` is full.
void AddItem(std::string item, Remark& remark);

// "what: item; item; and 12 more", with at most `most` items.
std::string RemarkText(const Remark& remark, size_t most);
// With all stored items.
std::string WholeRemarkText(const Remark& remark);

// Writes a short line per remark, and longer ones in full to the log file.
void LogRemark(const Remark& remark, Log& log);
void LogRemarks(const std::vector<Remark>& remarks, Log& log);

}  // namespace arctrm
