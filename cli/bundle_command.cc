// SPDX-License-Identifier: MIT
#include "cli/bundle_command.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arctrm/version.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"
#include "cli/command_files.h"
#include "cli/program.h"
#include "cli/settings.h"
#include "kaggle/bundle.h"
#include "pipeline/run_options.h"

namespace arctrm {
namespace {

absl::StatusOr<std::string> SourceOfThisProgram() {
  ARCTRM_ASSIGN_OR_RETURN(const std::string dir, ProgramDir());
  return FindSource(dir);
}

// A mistake in a recipe would cost a day on Kaggle.
absl::Status CheckRecipe(const std::string& text, const std::string& name) {
  RunOptions run;
  OptionSet set;
  AddOptions(run.model, set);
  AddOptions(run.train, set);
  AddOptions(run.planning, set);
  return ApplyRecipe(text, name, set);
}

std::string SizeText(int64_t bytes) {
  return absl::StrFormat("%.1f MB", static_cast<double>(bytes) / 1e6);
}

std::string SummaryText(const BundleSummary& summary) {
  std::string text = absl::StrCat(Printable(summary.dataset), "\n");
  int64_t files = 0;
  int64_t bytes = 0;
  for (const BundlePart& part : summary.parts) {
    absl::StrAppendFormat(&text, "  %-24s %5d files  %10s\n",
                          Printable(part.name), part.files,
                          SizeText(part.bytes));
    files += part.files;
    bytes += part.bytes;
  }
  absl::StrAppendFormat(&text, "  %-24s %5d files  %10s\n", "total", files,
                        SizeText(bytes));
  absl::StrAppend(
      &text, "upload the dataset ", Printable(summary.dataset_id),
      ":\n  kaggle datasets create -r zip -p ", Printable(summary.dataset),
      "\nthen push the notebook ", Printable(summary.notebook_id),
      ":\n  kaggle kernels push -p ", Printable(summary.notebook), "\n");
  return text;
}

absl::StatusOr<int> Bundle(const BundleFlags& flags, Log& log) {
  BundleOptions options;
  options.out = flags.out;
  options.checkpoint = flags.checkpoint;
  options.keep_rows = flags.keep_rows;
  options.torch = flags.torch;
  options.binaries = flags.binaries;
  options.owner = flags.owner;
  options.title = flags.title;
  options.slug = flags.slug;
  options.competition = flags.competition;
  options.accelerator = flags.accelerator;
  options.version = ARCTRM_VERSION;
  options.source = flags.source;
  if (options.source.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(options.source, SourceOfThisProgram());
  }
  options.third_party = flags.third_party.empty()
                            ? JoinPath(options.source, "build/third_party")
                            : flags.third_party;
  options.recipe_name = flags.recipe;
  if (options.recipe_name.empty() && !flags.checkpoint.empty()) {
    options.recipe_name = kFineTuningRecipe;
  }
  if (!options.recipe_name.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(options.recipe_text,
                            RecipeText(options.recipe_name));
    ARCTRM_RETURN_IF_ERROR(
        CheckRecipe(options.recipe_text, options.recipe_name));
  }
  if (flags.keep_rows && flags.checkpoint.empty()) {
    return absl::InvalidArgumentError("--keep-rows needs --checkpoint");
  }
  ARCTRM_RETURN_IF_ERROR(CheckStanding(flags));
  ARCTRM_ASSIGN_OR_RETURN(const BundleSummary summary, WriteBundle(options));
  if (flags.checkpoint.empty()) {
    log.Warning(
        "no --checkpoint: the notebook will train from random weights, which "
        "solves few tasks within Kaggle's limit");
  }
  if (summary.torch.empty()) {
    log.Warning(
        "the bundle holds no program, so the notebook will compile one; ./dev "
        "bundle --torch VERSION adds a program");
  }
  if (flags.owner == BundleFlags().owner) {
    log.Warning(
        "give your Kaggle user name with --owner, or replace OWNER in "
        "dataset-metadata.json and kernel-metadata.json");
  }
  ARCTRM_RETURN_IF_ERROR(PrintResult(SummaryText(summary)));
  return kExitDone;
}

}  // namespace

CLI::App* AddBundleCommand(CLI::App& app, BundleFlags& flags) {
  CLI::App* command = app.add_subcommand(
      "bundle",
      "Pack a Kaggle notebook and a dataset with everything that it needs");
  command
      ->add_option("--out", flags.out,
                   "Folder to write: dataset/ to upload and notebook/ to push")
      ->type_name("DIR")
      ->required();
  AddStartWeightsFlag(*command, flags.checkpoint);
  AddSwitch(*command, "--keep-rows", flags.keep_rows,
            "Keep all embedding rows of the checkpoint (default: only their "
            "mean, from which new tasks start)");
  command
      ->add_option("--recipe", flags.recipe,
                   "Settings of the run: a built-in recipe or a file (default: "
                   "nvarc with --checkpoint, else none)")
      ->type_name("NAME|FILE");
  command
      ->add_option("--torch", flags.torch,
                   "torch versions whose programs to pack (default: all in "
                   "--binaries)")
      ->type_name("VERSION");
  command
      ->add_option("--binaries", flags.binaries,
                   "Folder of programs, torch-VERSION/arctrm and "
                   "arctrm-solver, as ./dev bundle makes it (default: none; "
                   "the notebook compiles)")
      ->type_name("DIR");
  command
      ->add_option("--source", flags.source,
                   "Root of a clone of arctrm (default: the one in which this "
                   "program was built)")
      ->type_name("DIR");
  command
      ->add_option("--third-party", flags.third_party,
                   "Folder of library sources that kaggle/third_party.sh made "
                   "(default: build/third_party in --source)")
      ->type_name("DIR");
  command->add_option("--owner", flags.owner, "Your Kaggle user name")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--title", flags.title, "Title of the Kaggle dataset")
      ->type_name("TEXT")
      ->capture_default_str();
  command
      ->add_option("--slug", flags.slug,
                   "Name of the dataset in addresses (default: made from the "
                   "title)")
      ->type_name("TEXT");
  command
      ->add_option("--competition", flags.competition,
                   "Name of the competition in addresses")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--accelerator", flags.accelerator,
                   "Accelerator of the notebook: none, T4x2, L4x1, L4x4, H100 "
                   "or RTXPRO6000")
      ->type_name("NAME")
      ->capture_default_str();
  AddCommonFlags(*command, {.writes = true}, flags.common);
  command->footer(
      "docs/kaggle.md explains the next steps. `./dev bundle` takes the same\n"
      "options, fetches the library sources and builds the programs.\n\n"
      "Examples:\n"
      "  arctrm bundle --out bundle --checkpoint pretrained --owner me\n"
      "  arctrm bundle --out bundle --binaries build/bundle/binaries \\\n"
      "    --accelerator L4x4 --competition arc-prize-2025");
  return command;
}

int RunBundle(const BundleFlags& flags) {
  return RunGuarded(flags, [&](Log& log) { return Bundle(flags, log); });
}

}  // namespace arctrm
