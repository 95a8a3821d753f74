// SPDX-License-Identifier: MIT
// How the report looks and what its few lines of script do.
#pragma once

namespace arctrm {

// Content of the <style> element: light, dark and print.
extern const char kReportStyle[];

// Content of the <script> element: filters tasks by state, group and id, and
// goes to the task that the address names. The controls appear only where it
// runs.
extern const char kReportScript[];

}  // namespace arctrm
