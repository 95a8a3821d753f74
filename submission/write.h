// SPDX-License-Identifier: MIT
// submission.json: valid from the first second, replaced atomically.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"

namespace arctrm {

// {"id":[{"attempt_1":[[…]],"attempt_2":[[…]]},…],…}, ids in map order. Empty
// grids are written as [[0]].
std::string SubmissionJson(const Submission& submission);

// PlaceholderFor() every test input (arc/placeholder.h): a legal file in which
// nothing is answered.
Submission PlaceholderSubmission(const ChallengeSet& challenges);

// Can a run's submission, which is replaced again and again, be written to
// `path`? As CheckIsFile(), but of what is no file /dev/null alone.
absl::Status CheckSubmissionPath(absl::string_view path);
// Is `text` JSON of the form of a submission, of whatever tasks, or the
// beginning of one that was cut?
bool LooksLikeSubmission(absl::string_view text);
// Is any test input answered by more than a placeholder? For test inputs that
// `challenges` lacks, everything but blank attempts is an answer.
bool HasAnswers(const Submission& submission, const ChallengeSet& challenges);

// Checks `submission` against `challenges` (Internal if it doesn't fit: our
// bug), writes to a temporary name, syncs, reads it back, renames. Whatever
// fails, the file that was there stays. A device or a pipe is written to as it
// stands. `again`: more will follow, for which room is kept from now on
// (base/replaced_file.h), until ReleaseRoom(path).
absl::Status WriteSubmission(const Submission& submission,
                             const ChallengeSet& challenges,
                             absl::string_view path, bool again = false);

// Per test input the answers of several submissions, weighted: attempt_1 counts
// its weight, attempt_2 half of it; ties by content. Placeholders don't count.
struct WeightedSubmission {
  Submission submission;
  double weight = 1;
};
Submission MergeSubmissions(const std::vector<WeightedSubmission>& parts,
                            const ChallengeSet& challenges);

}  // namespace arctrm
