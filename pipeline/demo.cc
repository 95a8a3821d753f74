// SPDX-License-Identifier: MIT
#include "pipeline/demo.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arc/write.h"
#include "base/files.h"
#include "base/status.h"
#include "synthetic/rules.h"

namespace arctrm {
namespace {

// Seeds of pretraining tasks start here; demo seeds are below.
constexpr uint64_t kFirstPretrainingSeed = 1u << 30;

}  // namespace

absl::StatusOr<DemoOutcome> RunDemo(const DemoOptions& options,
                                    const Deadline& deadline, Log& log) {
  if (options.seed >= kFirstPretrainingSeed) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--seed ", options.seed, ": demo seeds are below ",
        kFirstPretrainingSeed,
        "; larger ones made the tasks that the shipped checkpoint learned"));
  }
  DemoOutcome outcome;
  outcome.challenges = JoinPath(options.out, "challenges.json");
  outcome.solutions = JoinPath(options.out, "solutions.json");
  outcome.submission = JoinPath(options.out, "submission.json");
  outcome.report = JoinPath(options.out, "report.html");
  RunOptions run = options.run;
  run.seed = options.seed;
  run.challenges = {outcome.challenges};
  run.solutions = outcome.solutions;
  run.out = outcome.submission;
  run.report = outcome.report;
  run.title = absl::StrCat("arctrm demo, seed ", options.seed,
                           options.from_scratch ? ", from scratch" : "");
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(options.out));
  ARCTRM_ASSIGN_OR_RETURN(
      const SyntheticSet set,
      GenerateSet({}, /*per_rule=*/1, options.seed, SyntheticOptions()));
  ARCTRM_RETURN_IF_ERROR(
      WriteFileAtomically(outcome.challenges, ChallengesJson(set.challenges)));
  ARCTRM_RETURN_IF_ERROR(
      WriteFileAtomically(outcome.solutions, SolutionsJson(set.solutions)));
  if (!options.from_scratch) {
    if (DemoCheckpointFiles().empty()) {
      return absl::FailedPreconditionError(
          "this build ships no checkpoint (pipeline/demo_checkpoint was "
          "empty); "
          "use --from-scratch, or make one with recipes/pretrain-demo.sh");
    }
    run.checkpoint = JoinPath(options.out, "checkpoint");
    const std::string fresh = BesidePath(run.checkpoint, ".new");
    ARCTRM_RETURN_IF_ERROR(RemoveAll(fresh));
    ARCTRM_RETURN_IF_ERROR(MakeDirectories(fresh));
    for (const EmbeddedFile& file : DemoCheckpointFiles()) {
      ARCTRM_RETURN_IF_ERROR(
          WriteFileAtomically(JoinPath(fresh, file.name), file.bytes));
    }
    ARCTRM_RETURN_IF_ERROR(ReplaceDirectory(fresh, run.checkpoint));
    const std::vector<std::string>& left_out = LeftOutRules();
    for (size_t i = 0; i < set.rules.size(); ++i) {
      const bool unseen = std::find(left_out.begin(), left_out.end(),
                                    set.rules[i]) != left_out.end();
      run.groups[set.challenges.tasks[i].id] =
          unseen ? "left-out rule" : "pretrained rule";
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(outcome.run, RunJob(run, deadline, log));
  return outcome;
}

}  // namespace arctrm
