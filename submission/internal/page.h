// SPDX-License-Identifier: MIT
// The frame that all reports share.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "submission/report_page.h"

namespace arctrm {

// A whole document: title, `summary` (plain text), warnings, `scores` (HTML),
// learning curves, settings, `items` (HTML).
std::string PageHtml(const ReportPage& page, absl::string_view summary,
                     absl::string_view scores, absl::string_view items);

// A number at the top of a page, with its share as a bar. `main` highlights it.
std::string CardHtml(bool main, absl::string_view title, double share,
                     absl::string_view note);

// "12 of 1,000".
std::string CountOfHtml(int64_t count, int64_t of);

}  // namespace arctrm
