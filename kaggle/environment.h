// SPDX-License-Identifier: MIT
// What this machine offers to a competition's notebook, found by looking: paths
// have moved between contests, and a run must not die of that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// The file that every contest has. Here and of the files beside it letter case
// does not matter, and they may be packed (WithoutPacking).
inline constexpr char kTestChallenges[] = "arc-agi_test_challenges.json";

struct SiteOptions {
  // Where attached data is: Kaggle's input folder, a folder that holds the
  // files itself, or a challenges file of any name.
  std::string input = "/kaggle/input";
  // The folder whose files Kaggle keeps.
  std::string working = "/kaggle/working";
  // Where the run's own files go, made if need be; "": chosen.
  std::string scratch;
  // The contest to prefer, e.g. "arc-prize-2025"; "": any.
  std::string slug;
  // A scratch folder with less free than that is a last resort.
  int64_t scratch_bytes = int64_t{2} << 30;
  // The search ends after so many folders.
  int max_folders = 5000;
};

enum class SiteLayout {
  kFile,          // the input is the file
  kFolder,        // the input holds the files
  kCompetitions,  // <input>/competitions/<slug>/
  kSlug,          // <input>/<slug>/
  kSearch,        // deeper
};
// "competitions/<slug>/", for people.
absl::string_view SiteLayoutText(SiteLayout layout);

struct KaggleEnvironment {
  // The tasks to answer.
  std::string challenges;
  // Beside them, "" where there is none.
  std::string training_challenges;
  std::string training_solutions;
  std::string evaluation_challenges;
  std::string evaluation_solutions;
  std::string sample_submission;
  SiteLayout layout = SiteLayout::kFile;
  // The name of the folder that tells the contest.
  std::string slug;

  // The run that counts, over hidden tasks: Kaggle says so.
  bool rerun = false;
  // No such run, and each task to answer is, by id, one of the training file:
  // stand-ins for the hidden ones. False where that can't be told.
  bool placeholder = false;

  // Folders that can be written, in the order to try them: as asked for,
  // $TMPDIR, /tmp, /dev/shm, the working folder; those with less than
  // `scratch_bytes` free stand behind the others, the roomiest first. May be
  // empty.
  std::vector<std::string> scratch_folders;
  // Of the first of these.
  int64_t scratch_free_bytes = 0;

  // Checkpoint folders (docs/formats.md) below the input, sorted.
  std::vector<std::string> checkpoints;

  // What was found and why, in sentences for the log.
  std::vector<std::string> notes;
};

// Looks in <input>/competitions/*/ and <input>/*/ first, then below the input,
// eight folders deep at most; links are followed, no folder is entered twice.
// Of several contests: `slug`, else competitions/ before the rest and names
// with "arc-prize" before others, the last by name. File contents are read for
// `placeholder` only. NotFound says where it looked and what is there.
absl::StatusOr<KaggleEnvironment> FindSite(const SiteOptions& options);

}  // namespace arctrm
