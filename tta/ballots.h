// SPDX-License-Identifier: MIT
// Votes for test inputs, how they are counted, and the two attempts they give.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arc/task.h"

namespace arctrm {

// One prediction for one test input, already transformed back.
struct Vote {
  // Never empty when counted: Differs from TRM: an empty crop does not vote.
  Grid grid;
  // Sigmoid of the halting logit, 0-1.
  float confidence = 0;
  // Which view: Augmentation::Key().
  std::string augmentation;
  // Which model: a short name, so that ballots of several runs merge.
  std::string source;
  // What the same view gave beside `grid`: no vote, but an attempt where all
  // votes agree. Empty: nothing else.
  Grid second{};
  friend bool operator==(const Vote&, const Vote&) = default;
};

// One answer and what stands behind it.
struct Candidate {
  Grid grid;
  double votes = 0;
  double mean_confidence = 0;
};

// (task id, index of the test input).
using TestInputKey = std::pair<std::string, int>;

// All votes so far. Not thread-safe. What is counted, and every byte written,
// is independent of the order in which votes were added or merged.
class Ballots {
 public:
  // A vote of the same (source, augmentation) for the same test input replaces
  // the earlier one. Empty grids are remembered as asked (so that a resumed run
  // doesn't ask again) but never counted.
  void Add(const std::string& task_id, int test_index, Vote vote);
  bool Has(const std::string& task_id, int test_index, absl::string_view source,
           absl::string_view augmentation) const;
  // All votes of `other`, its weight (positive, finite) multiplied in. The very
  // same vote on both sides counts once, with the larger weight (a file given
  // twice changes nothing); a different vote of the same (source, augmentation)
  // counts beside the one that is here (two models of one name).
  void Merge(const Ballots& other, double weight = 1);

  // By votes, then mean confidence, then grid content (Differs from TRM, whose
  // exact ties keep the order of arrival). The mean is weighted as the votes.
  std::vector<Candidate> Rank(const std::string& task_id, int test_index) const;
  // Rank, and where that is fewer than two, filled up to two with the second
  // answers of the votes: those with the most votes behind them first, then as
  // above. Their `votes` are 0. Differs from TRM, which has no second answers.
  std::vector<Candidate> Candidates(const std::string& task_id,
                                    int test_index) const;
  // Votes that count / that were asked for.
  int64_t num_votes() const;
  int64_t num_asked() const;
  int64_t num_votes(const std::string& task_id, int test_index) const;

  // Test inputs that were asked for, and by which sources.
  std::set<TestInputKey> Inputs() const;
  std::set<std::string> Sources() const;

  // Which run they are the votes of, kept in the file; "" where that is not
  // known. Merge() leaves it as it is.
  void SetRun(std::string run) { run_ = std::move(run); }
  const std::string& run() const { return run_; }

  // File: zstd-compressed JSON lines with a header line (docs/formats.md),
  // sorted, so equal ballots give equal bytes. InvalidArgument for a task id or
  // source that is not UTF-8.
  absl::Status Write(absl::string_view path) const;
  // DataLoss with path, line and byte for a damaged file, FailedPrecondition
  // for one that is no ballots file or of a newer version.
  static absl::StatusOr<Ballots> Read(absl::string_view path);

  friend bool operator==(const Ballots&, const Ballots&) = default;

 private:
  struct Entry {
    Vote vote;
    double weight = 1;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  // (source, augmentation).
  using View = std::pair<std::string, std::string>;

  // What `grid_of` gives of each vote for a test input, counted and sorted;
  // empty grids are not.
  std::vector<Candidate> Count(
      const TestInputKey& key,
      const std::function<const Grid&(const Vote&)>& grid_of) const;
  // Keeps `entries` sorted, equal votes once.
  static void Insert(Entry entry, std::vector<Entry>& entries);
  absl::Status ReadLines(absl::string_view path, std::string& text);

  // More than one entry under a view only after Merge.
  std::map<TestInputKey, std::map<View, std::vector<Entry>>> votes_;
  std::string run_;
};

// Two attempts for every test input of `challenges`, in place: the first two of
// Candidates. Only one: OnlyAnswer() (Differs from TRM, which repeats it).
// None: PlaceholderFor() (Differs from TRM, which leaves the test input out and
// shifts the later ones).
Submission ChooseAttempts(const Ballots& ballots,
                          const ChallengeSet& challenges);

}  // namespace arctrm
