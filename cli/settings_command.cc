// SPDX-License-Identifier: MIT
#include "cli/settings_command.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/settings.h"
#include "pipeline/run_options.h"

namespace arctrm {
namespace {

absl::StatusOr<int> List(const SettingsFlags& flags) {
  RunOptions run;
  OptionSet set;
  AddOptions(run.model, set);
  AddOptions(run.train, set);
  AddOptions(run.planning, set);
  ARCTRM_RETURN_IF_ERROR(ApplySettings(flags.recipe, "", {}, set));
  std::string text;
  for (const OptionSet::Item& item : set.Items()) {
    absl::StrAppendFormat(
        &text, "%-28s %c %-10s  %s%s\n", item.key,
        item.value == item.default_value ? ' ' : '*', item.value, item.help,
        item.range.empty() ? "" : absl::StrCat(" (", item.range, ")"));
  }
  if (flags.recipe.empty()) {
    text += "\nbuilt-in recipes:";
    for (const auto& [name, unused] : BuiltInRecipes()) {
      absl::StrAppend(&text, " ", name);
    }
    text += "\n";
  }
  ARCTRM_RETURN_IF_ERROR(PrintResult(text));
  return kExitDone;
}

}  // namespace

CLI::App* AddSettingsCommand(CLI::App& app, SettingsFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "settings", "List the settings of recipes and --set with their meaning");
  command
      ->add_option("recipe", flags.recipe,
                   "Built-in recipe or file whose values to list; * marks "
                   "values other than the default (default: list the "
                   "defaults)")
      ->type_name("NAME|FILE");
  AddCommonFlags(*command, {}, flags.common);
  command->footer(
      "Examples:\n"
      "  arctrm settings\n"
      "  arctrm settings sudoku-extreme");
  return command;
}

int RunSettings(const SettingsFlags& flags) {
  return RunGuarded(flags, [&](Log&) { return List(flags); });
}

}  // namespace arctrm
