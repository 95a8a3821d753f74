// SPDX-License-Identifier: MIT
// Writes submission.json. It is always valid, and replaced atomically.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"

namespace arctrm {

// {"id":[{"attempt_1":[[…]],"attempt_2":[[…]]},…],…}, ids in map order. Empty
// grids become [[0]].
std::string SubmissionJson(const Submission& submission);

// PlaceholderFor() every test input (arc/placeholder.h): a valid submission
// without answers.
Submission PlaceholderSubmission(const ChallengeSet& challenges);

// Checks that a run can repeatedly replace its submission at `path`. As
// CheckIsFile(), but of special files only /dev/null is allowed.
absl::Status CheckSubmissionPath(absl::string_view path);
// Is `text` a submission for any tasks, or the beginning of one?
bool LooksLikeSubmission(absl::string_view text);
// Does any test input have an answer other than a placeholder? For test inputs
// that are not in `challenges`, all attempts but blank ones are answers.
bool HasAnswers(const Submission& submission, const ChallengeSet& challenges);

// Checks `submission` against `challenges` (Internal if they do not match),
// writes it under a temporary name, syncs, reads it back, and renames it. Keeps
// the former file if anything fails. Writes directly to devices and pipes.
// `again`: reserve room for later versions (base/replaced_file.h) until
// ReleaseRoom(path).
absl::Status WriteSubmission(const Submission& submission,
                             const ChallengeSet& challenges,
                             absl::string_view path, bool again = false);

// Merges submissions by a weighted vote per test input: attempt_1 counts with
// the weight, attempt_2 with half of it; ties are broken by content.
// Placeholders do not count.
struct WeightedSubmission {
  Submission submission;
  double weight = 1;
};
Submission MergeSubmissions(const std::vector<WeightedSubmission>& parts,
                            const ChallengeSet& challenges);

}  // namespace arctrm
