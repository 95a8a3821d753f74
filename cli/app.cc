// SPDX-License-Identifier: MIT
#include "cli/app.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "arctrm/version.h"
#include "base/exceptions.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/stream.h"
#include "cli/augment_command.h"
#include "cli/bundle_command.h"
#include "cli/checkpoint_command.h"
#include "cli/flags.h"
#include "cli/kaggle_command.h"
#include "cli/model_command.h"
#include "cli/puzzle_command.h"
#include "cli/report_command.h"
#include "cli/score_command.h"
#include "cli/settings_command.h"
#include "cli/show_command.h"
#include "cli/submit_command.h"
#include "cli/suggest.h"
#include "cli/validate_command.h"
#include "cli/vote_command.h"
#include "solver/process_group.h"

namespace arctrm {
namespace {

constexpr char kFooter[] =
    "`arctrm COMMAND --help` explains a command. Every command accepts "
    "--seed,\n"
    "--threads, --log and --quiet, so that a script can pass them to all. The\n"
    "help lists only those that have an effect.\n"
    "\n"
    "Exit codes:\n"
    "  0  done\n"
    "  1  internal error\n"
    "  2  wrong usage or input; nothing was overwritten\n"
    "  3  stopped by a signal or a short limit; the output is valid\n"
    "\n"
    "Examples:\n"
    "  arctrm demo\n"
    "  arctrm run --challenges challenges.json --out submission.json \\\n"
    "    --time-limit 20m\n"
    "  arctrm validate --challenges challenges.json submission.json";

constexpr size_t kHelpWidth = 79;
constexpr size_t kHelpColumn = 30;

// Breaks `text` at blanks into lines of at most `width` characters.
std::string Wrap(const std::string& text, size_t width) {
  std::string lines;
  size_t column = 0;
  for (const std::string& word :
       std::vector<std::string>(absl::StrSplit(text, ' '))) {
    if (column > 0 && column + 1 + word.size() > width) {
      lines.push_back('\n');
      column = 0;
    } else if (column > 0) {
      lines.push_back(' ');
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(kHelpColumn); }
  std::string make_option_desc(const CLI::Option* option) const override {
    return Wrap(option->get_description(), kHelpWidth - kHelpColumn);
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::stringstream text;
    CLI::detail::format_help(
        text, command->get_name(),
        Wrap(command->get_description(), kHelpWidth - kHelpColumn),
        kHelpColumn);
    return text.str();
  }
};

// "arctrm", "arctrm checkpoint info".
std::string FullName(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr
             ? app.get_name()
             : absl::StrCat(FullName(*parent), " ", app.get_name());
}

int UsageError(const CLI::App& app, absl::string_view message) {
  const int code = ReportError(absl::InvalidArgumentError(message));
  std::fprintf(stderr, "Try '%s --help'.\n", FullName(app).c_str());
  return code;
}

std::vector<const CLI::App*> Subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string DidYouMean(absl::string_view word,
                       const std::vector<std::string>& known) {
  const std::string near = Suggest(word, known);
  return near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?");
}

std::vector<std::string> LongOptions(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

bool LooksLikeOption(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

std::vector<std::string> CommandNames(
    const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

// Reads the command names at the front of `words`: sets `app` to the chosen
// subcommand and `next` to the first word after them. Returns an exit code, or
// -1 if every name is known.
int ChooseCommand(const std::vector<std::string>& words, const CLI::App*& app,
                  size_t& next) {
  for (next = 0;; ++next) {
    const std::vector<const CLI::App*> commands = Subcommands(*app);
    if (commands.empty()) return -1;
    const std::vector<std::string> names = CommandNames(commands);
    if (next == words.size()) {
      return UsageError(*app, absl::StrCat("expected a command: ",
                                           absl::StrJoin(names, ", ")));
    }
    if (LooksLikeOption(words[next])) return -1;
    const auto found = std::find(names.begin(), names.end(), words[next]);
    if (found == names.end()) {
      return UsageError(*app,
                        absl::StrCat("unknown command '", words[next], "'",
                                     DidYouMean(words[next], names)));
    }
    app = commands[static_cast<size_t>(found - names.begin())];
  }
}

// Checks words[i], an option of `app`. Returns an exit code, or -1 if it is
// right.
int CheckOption(const std::vector<std::string>& words, size_t i,
                const CLI::App& app) {
  const size_t equals = words[i].find('=');
  const bool has_value = equals != std::string::npos;
  const std::string name = words[i].substr(0, equals);
  const CLI::Option* option = app.get_option_no_throw(name);
  if (option == nullptr) {
    return UsageError(app, absl::StrCat("unknown option '", name, "'",
                                        DidYouMean(name, LongOptions(app))));
  }
  if (option->get_items_expected_max() == 0 && has_value) {
    return UsageError(app, absl::StrCat(name, ": takes no value"));
  }
  // CLI11 would read the next option as the value.
  if (option->get_items_expected_min() > 0 && !has_value &&
      (i + 1 == words.size() || LooksLikeOption(words[i + 1]))) {
    return UsageError(app, absl::StrCat(name, ": expected a value"));
  }
  return -1;
}

// Checks the names of commands and options before CLI11 parses them: CLI11
// reports missing options before misspelt ones and has no hook between the two.
// Returns an exit code, or -1 if every name is known. Sets `app` to the chosen
// subcommand.
int CheckNames(const std::vector<std::string>& words, const CLI::App*& app) {
  size_t i = 0;
  const int code = ChooseCommand(words, app, i);
  if (code >= 0) return code;
  for (; i < words.size() && words[i] != "--"; ++i) {
    if (!LooksLikeOption(words[i])) continue;
    const int bad = CheckOption(words, i, *app);
    if (bad >= 0) return bad;
  }
  return -1;
}

struct AllFlags {
  RunFlags run;
  DemoFlags demo;
  AugmentFlags augment;
  TrainFlags train;
  PredictFlags predict;
  VoteFlags vote;
  SubmitFlags submit;
  ValidateFlags validate;
  ScoreFlags score;
  ReportFlags report;
  ShowFlags show;
  CheckpointFlags checkpoint;
  PuzzleFlags puzzle;
  SettingsFlags settings;
  KaggleCommands kaggle;
  BundleFlags bundle;
  DoctorFlags doctor;
};

// A command and the function that carries it out.
struct Action {
  const CLI::App* command;
  std::function<int()> run;
};

// Refuses to be one of several processes that torchrun or srun has started.
absl::Status CheckIsAlone() {
  ARCTRM_ASSIGN_OR_RETURN(const ProcessGroup group,
                          ProcessGroupFromEnvironment());
  if (group.size == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "this is process ", group.rank, " of ", group.size,
      ", but `arctrm run` "
      "starts one process per device itself: start it once, with --device "
      "cuda:0,1. On several machines use `arctrm train` (docs/cluster.md)"));
}

// With several devices this process leads one worker process per device.
int RunHereOrOnDevices(const RunFlags& flags) {
  const absl::Status alone = CheckIsAlone();
  if (!alone.ok()) return ReportError(alone);
  return absl::StrContains(flags.common.device, ',') ? RunOnDevices(flags)
                                                     : RunModelCommand(flags);
}

int ExportCheckpoint(const CheckpointExportFlags& flags) {
  return flags.ToFile() ? RunModelCommand(flags) : RunCheckpointExport(flags);
}

// Adds all commands in the order of the help. `flags` must outlive the result.
std::vector<Action> AddCommands(CLI::App& app, AllFlags& flags) {
  std::vector<Action> actions;
  const auto add = [&](const CLI::App* command, auto run, auto& its_flags) {
    actions.push_back({command, [run, &its_flags] { return run(its_flags); }});
  };
  const auto model = [](const auto& its_flags) {
    return RunModelCommand(its_flags);
  };
  AllFlags& f = flags;
  add(AddRunCommand(app, f.run), RunHereOrOnDevices, f.run);
  add(AddDemoCommand(app, f.demo), model, f.demo);
  add(AddAugmentCommand(app, f.augment), RunAugment, f.augment);
  add(AddTrainCommand(app, f.train), model, f.train);
  add(AddPredictCommand(app, f.predict), model, f.predict);
  add(AddVoteCommand(app, f.vote), RunVote, f.vote);
  add(AddSubmitCommand(app, f.submit), RunSubmit, f.submit);
  add(AddValidateCommand(app, f.validate), RunValidate, f.validate);
  add(AddScoreCommand(app, f.score), RunScore, f.score);
  add(AddReportCommand(app, f.report), RunReport, f.report);
  add(AddShowCommand(app, f.show), RunShow, f.show);
  const CLI::App* checkpoint = AddCheckpointCommand(app, f.checkpoint);
  add(checkpoint->get_subcommand("info"), RunCheckpointInfo, f.checkpoint.info);
  add(checkpoint->get_subcommand("import"), model, f.checkpoint.import_flags);
  add(checkpoint->get_subcommand("export"), ExportCheckpoint,
      f.checkpoint.export_flags);
  add(checkpoint->get_subcommand("average"), RunCheckpointAverage,
      f.checkpoint.average);
  const CLI::App* puzzle = AddPuzzleCommand(app, f.puzzle);
  add(puzzle->get_subcommand("generate"), RunPuzzleGenerate, f.puzzle.generate);
  add(puzzle->get_subcommand("check"), RunPuzzleCheck, f.puzzle.check);
  add(puzzle->get_subcommand("train"), model, f.puzzle.train);
  add(puzzle->get_subcommand("predict"), model, f.puzzle.predict);
  add(puzzle->get_subcommand("score"), RunPuzzleScore, f.puzzle.score);
  add(AddSettingsCommand(app, f.settings), RunSettings, f.settings);
  const CLI::App* kaggle = AddKaggleCommand(app, f.kaggle);
  add(kaggle->get_subcommand("run"), RunKaggleRun, f.kaggle.run);
  add(kaggle->get_subcommand("plan"), RunKagglePlan, f.kaggle.plan);
  add(AddBundleCommand(app, f.bundle), RunBundle, f.bundle);
  add(AddDoctorCommand(app, f.doctor), model, f.doctor);
  return actions;
}

int Run(int argc, const char* const* argv) {
  CLI::App app(
      "Offline toolkit for ARC Prize: from a challenges file to "
      "submission.json\n"
      "with Tiny Recursive Models.",
      "arctrm");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "arctrm " ARCTRM_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  AllFlags flags;
  const std::vector<Action> actions = AddCommands(app, flags);

  const CLI::App* chosen = &app;
  const int code = CheckNames(
      std::vector<std::string>(argv + (argc > 0), argv + argc), chosen);
  if (code >= 0) return code;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return UsageError(*chosen, error.what());
    // --help or --version.
    std::ostringstream text;
    app.exit(error, text, text);
    const absl::Status printed = PrintResult(text.str());
    return printed.ok() ? kExitDone : ReportError(printed);
  }
  const auto parsed = std::find_if(
      actions.begin(), actions.end(),
      [](const Action& action) { return action.command->parsed(); });
  ARCTRM_CHECK(parsed != actions.end());
  return parsed->run();
}

}  // namespace

int RunApp(int argc, const char* const* argv) {
  OpenStandardStreams();
  IgnoreWriteSignals();
  EndOnUncaught();
  const absl::StatusOr<int> code = CatchExceptions(
      "arctrm", [&]() -> absl::StatusOr<int> { return Run(argc, argv); });
  return code.ok() ? *code : ReportError(code.status());
}

}  // namespace arctrm
