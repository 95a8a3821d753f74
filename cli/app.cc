// SPDX-License-Identifier: MIT
#include "cli/app.h"

#include <cctype>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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

namespace arctrm {
namespace {

constexpr char kFooter[] =
    "Every command explains itself: arctrm COMMAND --help\n"
    "Every command takes --seed, --threads, --log and --quiet, so that a "
    "script\n"
    "can pass them to all; its help lists those it uses.\n"
    "\n"
    "Exit codes:\n"
    "  0  done\n"
    "  1  internal error\n"
    "  2  wrong usage or input; nothing was overwritten\n"
    "  3  stopped by a signal or too short a limit; the output is valid\n"
    "\n"
    "Examples:\n"
    "  arctrm demo\n"
    "  arctrm run --challenges challenges.json --out submission.json \\\n"
    "    --time-limit 20m\n"
    "  arctrm validate --challenges challenges.json submission.json";

constexpr size_t kHelpWidth = 79;
constexpr size_t kHelpColumn = 30;

// Lines of at most `width` letters, broken at blanks.
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

// CLI11 speaks of what is missing before what is misspelt, and a misspelt word
// is often why something is missing; so names are looked at first. Returns the
// exit code, or -1 when every name is known. `app` becomes the subcommand.
int CheckNames(const std::vector<std::string>& words, const CLI::App*& app) {
  size_t next = 0;
  while (next < words.size() && !LooksLikeOption(words[next])) {
    const std::vector<const CLI::App*> subcommands = Subcommands(*app);
    if (subcommands.empty()) break;
    std::vector<std::string> names;
    const CLI::App* chosen = nullptr;
    for (const CLI::App* subcommand : subcommands) {
      names.push_back(subcommand->get_name());
      if (subcommand->get_name() == words[next]) chosen = subcommand;
    }
    if (chosen == nullptr) {
      return UsageError(*app,
                        absl::StrCat("unknown command '", words[next], "'",
                                     DidYouMean(words[next], names)));
    }
    app = chosen;
    ++next;
  }
  if (next == words.size() && !Subcommands(*app).empty()) {
    std::vector<std::string> names;
    for (const CLI::App* subcommand : Subcommands(*app)) {
      names.push_back(subcommand->get_name());
    }
    return UsageError(
        *app, absl::StrCat("expected a command: ", absl::StrJoin(names, ", ")));
  }
  for (; next < words.size() && words[next] != "--"; ++next) {
    if (!LooksLikeOption(words[next])) continue;
    const size_t equals = words[next].find('=');
    const std::string name = words[next].substr(0, equals);
    const CLI::Option* option = app->get_option_no_throw(name);
    if (option != nullptr) {
      if (option->get_items_expected_max() == 0 &&
          equals != std::string::npos) {
        return UsageError(*app, absl::StrCat(name, ": takes no value"));
      }
      // CLI11 would take the next option as the value.
      if (option->get_items_expected_min() > 0 && equals == std::string::npos &&
          (next + 1 == words.size() || LooksLikeOption(words[next + 1]))) {
        return UsageError(*app, absl::StrCat(name, ": expected a value"));
      }
      continue;
    }
    return UsageError(*app, absl::StrCat("unknown option '", name, "'",
                                         DidYouMean(name, LongOptions(*app))));
  }
  return -1;
}

int Run(int argc, const char* const* argv) {
  CLI::App app(
      "Offline toolkit for ARC Prize: from challenges to submission.json\n"
      "with Tiny Recursive Models.",
      "arctrm");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "arctrm " ARCTRM_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);

  RunFlags run;
  CLI::App* run_app = AddRunCommand(app, run);
  DemoFlags demo;
  CLI::App* demo_app = AddDemoCommand(app, demo);
  AugmentFlags augment;
  CLI::App* augment_app = AddAugmentCommand(app, augment);
  TrainFlags train;
  CLI::App* train_app = AddTrainCommand(app, train);
  PredictFlags predict;
  CLI::App* predict_app = AddPredictCommand(app, predict);
  VoteFlags vote;
  CLI::App* vote_app = AddVoteCommand(app, vote);
  SubmitFlags submit;
  CLI::App* submit_app = AddSubmitCommand(app, submit);
  ValidateFlags validate;
  CLI::App* validate_app = AddValidateCommand(app, validate);
  ScoreFlags score;
  CLI::App* score_app = AddScoreCommand(app, score);
  ReportFlags report;
  CLI::App* report_app = AddReportCommand(app, report);
  ShowFlags show;
  CLI::App* show_app = AddShowCommand(app, show);
  CheckpointFlags checkpoint;
  CLI::App* checkpoint_app = AddCheckpointCommand(app, checkpoint);
  PuzzleFlags puzzle;
  CLI::App* puzzle_app = AddPuzzleCommand(app, puzzle);
  SettingsFlags settings;
  CLI::App* settings_app = AddSettingsCommand(app, settings);
  KaggleCommands kaggle;
  CLI::App* kaggle_app = AddKaggleCommand(app, kaggle);
  BundleFlags bundle;
  CLI::App* bundle_app = AddBundleCommand(app, bundle);
  DoctorFlags doctor;
  CLI::App* doctor_app = AddDoctorCommand(app, doctor);

  const CLI::App* chosen = &app;
  const int code = CheckNames(
      std::vector<std::string>(argv + (argc > 0), argv + argc), chosen);
  if (code >= 0) return code;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return UsageError(*chosen, error.what());
    // Help or version.
    std::ostringstream text;
    app.exit(error, text, text);
    const absl::Status printed = PrintResult(text.str());
    return printed.ok() ? kExitDone : ReportError(printed);
  }

  if (augment_app->parsed()) return RunAugment(augment);
  if (vote_app->parsed()) return RunVote(vote);
  if (submit_app->parsed()) return RunSubmit(submit);
  if (validate_app->parsed()) return RunValidate(validate);
  if (score_app->parsed()) return RunScore(score);
  if (report_app->parsed()) return RunReport(report);
  if (show_app->parsed()) return RunShow(show);
  if (settings_app->parsed()) return RunSettings(settings);
  if (bundle_app->parsed()) return RunBundle(bundle);
  if (checkpoint_app->parsed()) {
    if (checkpoint_app->got_subcommand("average")) {
      return RunCheckpointAverage(checkpoint.average);
    }
    if (checkpoint_app->got_subcommand("import")) {
      return RunModelCommand(checkpoint.import_flags);
    }
    if (!checkpoint_app->got_subcommand("export")) {
      return RunCheckpointInfo(checkpoint.info);
    }
    return checkpoint.export_flags.ToFile()
               ? RunModelCommand(checkpoint.export_flags)
               : RunCheckpointExport(checkpoint.export_flags);
  }
  if (puzzle_app->got_subcommand("generate")) {
    return RunPuzzleGenerate(puzzle.generate);
  }
  if (puzzle_app->got_subcommand("check")) return RunPuzzleCheck(puzzle.check);
  if (puzzle_app->got_subcommand("score")) return RunPuzzleScore(puzzle.score);
  if (puzzle_app->got_subcommand("train")) return RunModelCommand(puzzle.train);
  if (puzzle_app->got_subcommand("predict")) {
    return RunModelCommand(puzzle.predict);
  }
  if (kaggle_app->got_subcommand("run")) return RunKaggleRun(kaggle.run);
  if (kaggle_app->got_subcommand("plan")) return RunKagglePlan(kaggle.plan);
  // A list of devices is led from here, one worker for each.
  if (run_app->parsed() && run.common.device.find(',') != std::string::npos) {
    return RunOnDevices(run);
  }
  if (run_app->parsed()) return RunModelCommand(run);
  if (demo_app->parsed()) return RunModelCommand(demo);
  if (train_app->parsed()) return RunModelCommand(train);
  if (predict_app->parsed()) return RunModelCommand(predict);
  ARCTRM_CHECK(doctor_app->parsed());
  return RunModelCommand(doctor);
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
