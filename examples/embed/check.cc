// SPDX-License-Identifier: MIT
// usage: embed_check CHALLENGES SUBMISSION
// Prints the faults of a submission. Exit codes: 0 valid, 1 faulty, 2
// unreadable.
#include <cstdio>
#include <string>
#include <vector>

#include "arctrm/arc/placeholder.h"
#include "arctrm/arc/read.h"
#include "arctrm/base/status.h"
#include "arctrm/submission/validate.h"

namespace {

using namespace arctrm;  // NOLINT: a program of one file

// Test inputs that are answered by more than a placeholder.
int CountAnswers(const ChallengeSet& challenges, const Submission& submission) {
  int answers = 0;
  for (const Task& task : challenges.tasks) {
    const std::vector<Attempts>& attempts = submission.at(task.id);
    for (size_t i = 0; i < attempts.size(); ++i) {
      if (!IsPlaceholder(attempts[i], task, static_cast<int>(i))) ++answers;
    }
  }
  return answers;
}

absl::StatusOr<int> Check(const std::string& challenges_path,
                          const std::string& submission_path) {
  ARCTRM_ASSIGN_OR_RETURN(const TaskFiles files, ReadTasks(challenges_path));
  ARCTRM_ASSIGN_OR_RETURN(
      const std::vector<std::string> faults,
      ValidateSubmission(submission_path, files.challenges));
  for (const std::string& fault : faults) std::puts(fault.c_str());
  if (!faults.empty()) return 1;
  ARCTRM_ASSIGN_OR_RETURN(const Submission submission,
                          ReadSubmission(submission_path));
  std::printf("valid: %d of %d test inputs answered\n",
              CountAnswers(files.challenges, submission),
              files.challenges.num_test_inputs());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: embed_check CHALLENGES SUBMISSION\n", stderr);
    return 2;
  }
  const absl::StatusOr<int> code = Check(argv[1], argv[2]);
  if (!code.ok()) {
    std::fprintf(stderr, "embed_check: %s\n", code.status().ToString().c_str());
    return 2;
  }
  return *code;
}
