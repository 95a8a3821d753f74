// SPDX-License-Identifier: MIT
// Finds the inputs and folders of a competition notebook by searching, since
// their paths changed between contests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// A file that every contest has. Names of input files may differ in letter case
// and may have extensions of packed files (WithoutPacking).
inline constexpr char kTestChallenges[] = "arc-agi_test_challenges.json";

struct SiteOptions {
  // The attached data: Kaggle's input folder, a folder with the files, or a
  // challenges file of any name.
  std::string input = "/kaggle/input";
  // The folder whose files Kaggle keeps.
  std::string working = "/kaggle/working";
  // Folder for the files of the run, made if necessary; "" to choose one.
  std::string scratch;
  // The preferred contest, e.g. "arc-prize-2025"; "" for any.
  std::string slug;
  // Scratch folders with less free space are a last resort.
  int64_t scratch_bytes = int64_t{2} << 30;
  // Maximum number of folders to search.
  int max_folders = 5000;
};

enum class SiteLayout {
  kFile,          // the input is the file
  kFolder,        // the input holds the files
  kCompetitions,  // <input>/competitions/<slug>/
  kSlug,          // <input>/<slug>/
  kSearch,        // deeper
};
// For display: "competitions/<slug>/".
absl::string_view SiteLayoutText(SiteLayout layout);

struct KaggleEnvironment {
  // The tasks to answer.
  std::string challenges;
  // Files beside it; "" if missing.
  std::string training_challenges;
  std::string training_solutions;
  std::string evaluation_challenges;
  std::string evaluation_solutions;
  std::string sample_submission;
  SiteLayout layout = SiteLayout::kFile;
  // The folder that identifies the contest.
  std::string slug;

  // Is this the scored run with hidden tasks? Kaggle sets a variable then.
  bool rerun = false;
  // Are these the stand-in tasks instead of the hidden ones? True if this is
  // not the scored run and every task id occurs in the training file; false if
  // unknown.
  bool stand_ins = false;

  // Writable folders in the order to try: the requested one, $TMPDIR, /tmp,
  // /dev/shm, the working folder. Folders with less than `scratch_bytes` free
  // come last, those with most space first. May be empty.
  std::vector<std::string> scratch_folders;
  // Free space in the first of these.
  int64_t scratch_free_bytes = 0;

  // Checkpoint folders (docs/formats.md) below the input, sorted.
  std::vector<std::string> checkpoints;

  // Sentences for the log: what was found and why it was chosen.
  std::vector<std::string> notes;
};

// Searches <input>/competitions/*/ and <input>/*/ first, then the input to a
// depth of eight folders. Follows links, but enters each folder only once. Of
// several contests, takes `slug`, else prefers competitions/, then names with
// "arc-prize", then the last name. Reads file contents only for `stand_ins`.
// NotFound tells where it searched and what is there.
absl::StatusOr<KaggleEnvironment> FindSite(const SiteOptions& options);

}  // namespace arctrm
