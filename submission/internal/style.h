// SPDX-License-Identifier: MIT
// Style sheet and script of the reports.
#pragma once

namespace arctrm {

// Content of the <style> element, for light and dark screens and print.
extern const char kReportStyle[];

// Content of the <script> element. It filters tasks by state, label and id, and
// shows the task in the address. The controls appear only if scripts run.
extern const char kReportScript[];

}  // namespace arctrm
