// SPDX-License-Identifier: MIT
// Stores and counts votes for test inputs, and chooses the two attempts.
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
  // Differs from TRM: empty grids do not count as votes.
  Grid grid;
  // Sigmoid of the halting logit, 0-1.
  float confidence = 0;
  // The augmentation of the view, as Augmentation::Key().
  std::string augmentation;
  // A short name of the model, so that ballots of several runs can be merged.
  std::string source;
  // A second answer of the same view, or empty. It has no vote, but becomes an
  // attempt if all votes agree.
  Grid second{};
  friend bool operator==(const Vote&, const Vote&) = default;
};

// An answer and its votes.
struct Candidate {
  Grid grid;
  double votes = 0;
  double mean_confidence = 0;
};

// (task id, index of the test input).
using TestInputKey = std::pair<std::string, int>;

// Votes of a run. Not thread-safe. Results and written bytes do not depend on
// the order in which votes were added or merged.
class Ballots {
 public:
  // Replaces an earlier vote of the same (source, augmentation) for the test
  // input. Empty grids are stored, so that a resumed run does not repeat the
  // view, but not counted.
  void Add(const std::string& task_id, int test_index, Vote vote);
  bool Has(const std::string& task_id, int test_index, absl::string_view source,
           absl::string_view augmentation) const;
  // Adds all votes of `other`, multiplied by `weight` (positive, finite). An
  // equal vote on both sides counts once, with the larger weight, so merging a
  // file twice changes nothing. Different votes of the same (source,
  // augmentation) both count, since two models may have the same name.
  void Merge(const Ballots& other, double weight = 1);

  // Candidates by votes, then weighted mean confidence, then grid content.
  // Differs from TRM, which keeps exact ties in order of arrival.
  std::vector<Candidate> Rank(const std::string& task_id, int test_index) const;
  // Rank(). If it has fewer than two candidates, adds second answers, those of
  // most votes first, then as above. Their `votes` are 0. Differs from TRM,
  // which has no second answers.
  std::vector<Candidate> Candidates(const std::string& task_id,
                                    int test_index) const;
  // Number of counted votes, and of all votes including empty ones.
  int64_t num_votes() const;
  int64_t num_asked() const;
  int64_t num_votes(const std::string& task_id, int test_index) const;

  // Test inputs and sources with any vote, including empty ones.
  std::set<TestInputKey> Inputs() const;
  std::set<std::string> Sources() const;

  // The name of the run, which the file stores; "" if unknown. Merge() keeps
  // it.
  void SetRun(std::string run) { run_ = std::move(run); }
  const std::string& run() const { return run_; }

  // Writes sorted JSON lines with a header, compressed with zstd
  // (docs/formats.md); equal ballots give equal bytes. InvalidArgument for a
  // task id or source that is not UTF-8.
  absl::Status Write(absl::string_view path) const;
  // DataLoss with path, line and byte for a damaged file; FailedPrecondition if
  // it is not a ballots file or has a newer version.
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

  // Counts and sorts `grid_of`(vote) for each vote for a test input, except
  // empty grids.
  std::vector<Candidate> Count(
      const TestInputKey& key,
      const std::function<const Grid&(const Vote&)>& grid_of) const;
  // Keeps `entries` sorted and without duplicates.
  static void Insert(Entry entry, std::vector<Entry>& entries);
  absl::Status ReadLines(absl::string_view path, std::string& text);

  // A view has several entries only after Merge().
  std::map<TestInputKey, std::map<View, std::vector<Entry>>> votes_;
  std::string run_;
};

// Two attempts for every test input of `challenges`: the first two of
// Candidates(). With only one candidate, OnlyAnswer(); differs from TRM, which
// repeats it. With none, PlaceholderFor(); differs from TRM, which omits the
// test input and shifts later ones.
Submission ChooseAttempts(const Ballots& ballots,
                          const ChallengeSet& challenges);

}  // namespace arctrm
