// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/flags.h"

namespace arctrm {

// `arctrm report`: writes the HTML report of a run, finished or not.
struct ReportFlags {
  std::string run;
  std::string out;
  CommonFlags common;
};

CLI::App* AddReportCommand(CLI::App& app, ReportFlags& flags);
int RunReport(const ReportFlags& flags);

}  // namespace arctrm
