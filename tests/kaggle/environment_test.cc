// SPDX-License-Identifier: MIT
#include "kaggle/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/gzip.h"
#include "tests/testing/scratch.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kRerun[] = "KAGGLE_IS_COMPETITION_RERUN";

// A challenges file with tasks of these ids.
std::string Challenges(const std::vector<std::string>& ids) {
  std::vector<std::string> tasks;
  for (const std::string& id : ids) {
    tasks.push_back(
        absl::StrCat("\"", id,
                     "\": {\"train\": [{\"input\": [[1]], \"output\": [[2]]}], "
                     "\"test\": [{\"input\": [[3]]}]}"));
  }
  return absl::StrCat("{", absl::StrJoin(tasks, ", "), "}");
}

class SiteTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv(kRerun);
    ASSERT_TRUE(MakeDirectories(dir_("input")).ok());
    ASSERT_TRUE(MakeDirectories(dir_("working")).ok());
    options_.input = dir_("input");
    options_.working = dir_("working");
    options_.scratch = dir_("scratch");
    options_.scratch_bytes = 1;
  }
  void TearDown() override { unsetenv(kRerun); }

  // Writes <input>/<path>; returns its path.
  std::string Put(absl::string_view path, absl::string_view text = "x") {
    std::string full = JoinPath(options_.input, path);
    EXPECT_TRUE(MakeDirectories(Dirname(full)).ok());
    EXPECT_TRUE(WriteFileAtomically(full, text).ok());
    return full;
  }
  // The contest's test file in this folder below the input.
  std::string PutContest(absl::string_view folder) {
    return Put(JoinPath(folder, kTestChallenges), Challenges({"a", "b"}));
  }
  std::string Folder(absl::string_view name) const {
    return JoinPath(options_.input, name);
  }
  KaggleEnvironment Find() const {
    absl::StatusOr<KaggleEnvironment> site = FindSite(options_);
    EXPECT_TRUE(site.ok()) << site.status();
    return site.ok() ? *std::move(site) : KaggleEnvironment();
  }
  static std::string Notes(const KaggleEnvironment& site) {
    return absl::StrJoin(site.notes, "\n");
  }

  ScratchFolder dir_;
  SiteOptions options_;
};

TEST_F(SiteTest, BothKnownLayouts) {
  const std::string plain = PutContest("arc-prize-2025");
  KaggleEnvironment site = Find();
  EXPECT_EQ(site.challenges, plain);
  EXPECT_EQ(site.layout, SiteLayout::kSlug);
  EXPECT_EQ(site.slug, "arc-prize-2025");
  EXPECT_THAT(Notes(site), HasSubstr(absl::StrCat("Tasks to answer: ", plain,
                                                  " (<slug>/).")));

  // Kaggle's own folder is preferred to a possible copy with any name.
  const std::string own = PutContest("competitions/arc-prize-2024");
  site = Find();
  EXPECT_EQ(site.challenges, own);
  EXPECT_EQ(site.layout, SiteLayout::kCompetitions);
  EXPECT_EQ(site.slug, "arc-prize-2024");
  EXPECT_THAT(Notes(site), HasSubstr(absl::StrCat("Not used: ", plain)));
}

TEST_F(SiteTest, OfSeveralContestsTheLastNamedOneOrTheOneAskedFor) {
  const std::string old = PutContest("competitions/arc-prize-2024");
  const std::string recent =
      PutContest("competitions/arc-prize-2026-arc-agi-2");
  PutContest("competitions/arc-prize-2025");
  PutContest("competitions/zebra");
  KaggleEnvironment site = Find();
  EXPECT_EQ(site.challenges, recent);
  EXPECT_THAT(Notes(site), HasSubstr(absl::StrCat("Not used: ", old)));

  options_.slug = "arc-prize-2024";
  site = Find();
  EXPECT_EQ(site.challenges, old);
  EXPECT_EQ(site.slug, "arc-prize-2024");
  EXPECT_THAT(Notes(site), Not(HasSubstr("There is no")));

  // Another contest is better than none, and the notes say so.
  options_.slug = "arc-prize-2031";
  site = Find();
  EXPECT_EQ(site.challenges, recent);
  EXPECT_THAT(Notes(site), HasSubstr("There is no arc-prize-2031"));
}

TEST_F(SiteTest, NamesOfTheContestComeBeforeOthers) {
  PutContest("zebra");
  const std::string contest = PutContest("arc-prize-2025");
  EXPECT_EQ(Find().challenges, contest);
}

TEST_F(SiteTest, KnownPlacesComeBeforeTheSearch) {
  PutContest("copies/of/arc-prize-2025");
  const std::string known = PutContest("competitions/zebra");
  EXPECT_EQ(Find().challenges, known);
}

TEST_F(SiteTest, KnownPlacesAreTriedWhereTheSearchEndsTooEarly) {
  for (const char* name : {"a", "b", "c", "d"}) Put(JoinPath(name, "file"));
  options_.max_folders = 4;
  const std::string contest = PutContest("zebra");
  const KaggleEnvironment site = Find();
  EXPECT_EQ(site.challenges, contest);
  EXPECT_THAT(Notes(site), HasSubstr("There is too much below"));
}

TEST_F(SiteTest, AMovedPathIsFoundBySearch) {
  const std::string moved = PutContest("v2/contests/arc-prize-2027/data");
  const KaggleEnvironment site = Find();
  EXPECT_EQ(site.challenges, moved);
  EXPECT_EQ(site.layout, SiteLayout::kSearch);
  EXPECT_EQ(site.slug, "arc-prize-2027");
  EXPECT_THAT(Notes(site), HasSubstr("found by searching"));
}

TEST_F(SiteTest, TheSearchHasAnEnd) {
  PutContest("1/2/3/4/5/6/7/8/9");
  EXPECT_EQ(FindSite(options_).status().code(), absl::StatusCode::kNotFound);
  const std::string found = PutContest("1/2/3/4/5/6/7/8");
  EXPECT_EQ(Find().challenges, found);
}

TEST_F(SiteTest, LinksAreFollowedOnceAndLoopsEnd) {
  // The input holds links to data elsewhere.
  ASSERT_TRUE(MakeDirectories(dir_("disk/data")).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_("disk/data"), kTestChallenges),
                                  Challenges({"a"}))
                  .ok());
  ASSERT_TRUE(MakeDirectories(Folder("x/arc-prize-2025")).ok());
  ASSERT_EQ(
      symlink(dir_("disk").c_str(), Folder("x/arc-prize-2025/link").c_str()),
      0);
  ASSERT_EQ(symlink(dir_("disk").c_str(), Folder("x/second").c_str()), 0);
  ASSERT_EQ(symlink(Folder("x").c_str(), dir_("disk/up").c_str()), 0);
  ASSERT_EQ(symlink("self", Folder("self").c_str()), 0);
  ASSERT_EQ(symlink("/nowhere", Folder("broken").c_str()), 0);
  const KaggleEnvironment site = Find();
  EXPECT_EQ(site.layout, SiteLayout::kSearch);
  EXPECT_THAT(site.challenges, HasSubstr("/data/arc-agi_test_"));
  EXPECT_THAT(Notes(site), Not(HasSubstr("Not used")));
  EXPECT_THAT(Notes(site), Not(HasSubstr("There is too much")));
}

TEST_F(SiteTest, WhatCannotBeListedOrWrittenIsPassedOver) {
  const std::string found = PutContest("competitions/arc-prize-2025");
  PutContest("locked/deeper/arc-prize-2026");
  const std::string locked = Folder("locked");
  ASSERT_EQ(chmod(locked.c_str(), 0), 0);
  ASSERT_EQ(chmod(options_.working.c_str(), 0555), 0);
  // The superuser may list everything.
  const bool superuser = geteuid() == 0;
  if (superuser) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const bool usable = eaccess(found.c_str(), R_OK) == 0;
  const absl::StatusOr<KaggleEnvironment> site = FindSite(options_);
  if (superuser) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_EQ(chmod(locked.c_str(), 0755), 0);
  ASSERT_EQ(chmod(options_.working.c_str(), 0755), 0);
  if (!usable) GTEST_SKIP() << "only the superuser may enter " << dir_();
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->challenges, found);
  EXPECT_THAT(Notes(*site), HasSubstr(absl::StrCat("can't list ", locked,
                                                   ": Permission denied")));
  EXPECT_THAT(site->scratch_folders, Not(testing::Contains(options_.working)));
  EXPECT_THAT(Notes(*site),
              HasSubstr("No scratch folder: can't write " + options_.working));
}

TEST_F(SiteTest, WithoutFilesItSaysWhereItLookedAndWhatIsThere) {
  Put("competitions/titanic/train.csv");
  Put("models/readme.txt");
  const std::string other =
      Put("ours/data/arc-agi_evaluation_challenges.json", Challenges({"a"}));
  absl::Status status = FindSite(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(
      status.message(),
      HasSubstr(absl::StrCat("found no ", kTestChallenges, " below ",
                             options_.input, " (looked into 6 folders")));
  EXPECT_THAT(status.message(),
              HasSubstr("there is competitions/, models/, ours/; in "
                        "competitions/: titanic/"));
  EXPECT_THAT(status.message(), HasSubstr("--input"));
  EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("e.g. ", other)));

  options_.input = dir_("missing");
  status = FindSite(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("No such file or directory"));
}

TEST_F(SiteTest, NeighboursThatAreThere) {
  PutContest("arc-prize-2025");
  const std::string training =
      Put("arc-prize-2025/arc-agi_training_challenges.json", Challenges({"c"}));
  const std::string solutions =
      Put("arc-prize-2025/arc-agi_evaluation_solutions.json");
  const std::string sample = Put("arc-prize-2025/sample_submission.json");
  const KaggleEnvironment site = Find();
  EXPECT_EQ(site.training_challenges, training);
  EXPECT_EQ(site.training_solutions, "");
  EXPECT_EQ(site.evaluation_challenges, "");
  EXPECT_EQ(site.evaluation_solutions, solutions);
  EXPECT_EQ(site.sample_submission, sample);
  EXPECT_THAT(Notes(site),
              HasSubstr("Beside it: arc-agi_training_challenges.json, "
                        "arc-agi_evaluation_solutions.json, "
                        "sample_submission.json."));
}

TEST_F(SiteTest, PackedFilesAndCapitals) {
  const std::string tasks = Challenges({"a"});
  for (const std::string& name :
       {absl::StrCat(kTestChallenges, ".gz"),
        absl::StrCat(kTestChallenges, ".ZST"),
        std::string("ARC-AGI_test_challenges.JSON")}) {
    const std::string folder = Folder("competitions/arc-prize-2026");
    ASSERT_TRUE(RemoveAll(folder).ok());
    const std::string path =
        Put("competitions/arc-prize-2026/" + name,
            absl::EndsWith(name, ".gz") ? Gzip(tasks) : tasks);
    Put("competitions/arc-prize-2026/arc-agi_training_challenges.json.gz",
        Gzip(tasks));
    const std::string solutions =
        Put("competitions/arc-prize-2026/arc-agi_training_solutions.json.zst");
    const KaggleEnvironment site = Find();
    EXPECT_EQ(site.challenges, path);
    EXPECT_EQ(site.layout, SiteLayout::kCompetitions);
    EXPECT_EQ(site.training_solutions, solutions);
    EXPECT_TRUE(site.stand_ins);
  }
  // The plain file comes first, whatever finds it.
  const std::string plain = PutContest("competitions/arc-prize-2026");
  Put(absl::StrCat("competitions/arc-prize-2026/", kTestChallenges, ".gz"),
      Gzip(tasks));
  options_.max_folders = 1;
  EXPECT_EQ(Find().challenges, plain);
  options_.max_folders = 5000;
  EXPECT_EQ(Find().challenges, plain);
  EXPECT_THAT(Notes(Find()), HasSubstr(".json.gz; to use it"));
}

TEST_F(SiteTest, OnlyAPackedFileOfAnotherContestIsNamed) {
  const std::string other = Put("x/arc-agi_evaluation_challenges.json.gz");
  EXPECT_THAT(std::string(FindSite(options_).status().message()),
              HasSubstr("e.g. " + other));
}

TEST_F(SiteTest, TheInputMayHoldTheFilesItself) {
  const std::string direct = PutContest("");
  PutContest("competitions/arc-prize-2025");
  options_.input += "/";
  const KaggleEnvironment site = Find();
  EXPECT_EQ(site.challenges, direct);
  EXPECT_EQ(site.layout, SiteLayout::kFolder);
  EXPECT_EQ(site.slug, "input");
}

TEST_F(SiteTest, TheInputMayBeTheFile) {
  const std::string file = Put(
      "arc-prize-2025/arc-agi_evaluation_challenges.json", Challenges({"a"}));
  const std::string training =
      Put("arc-prize-2025/arc-agi_training_challenges.json",
          Challenges({"a", "b"}));
  PutContest("arc-prize-2025");
  options_.input = file;
  const KaggleEnvironment site = Find();
  EXPECT_EQ(site.challenges, file);
  EXPECT_EQ(site.layout, SiteLayout::kFile);
  EXPECT_EQ(site.slug, "arc-prize-2025");
  EXPECT_EQ(site.training_challenges, training);
  // A file is not listed beside itself.
  EXPECT_EQ(site.evaluation_challenges, "");
  EXPECT_TRUE(site.stand_ins);
}

TEST_F(SiteTest, StandInTasksOrTheScoredRun) {
  Put("arc-prize-2025/arc-agi_test_challenges.json", Challenges({"a", "b"}));
  Put("arc-prize-2025/arc-agi_training_challenges.json",
      Challenges({"b", "c", "a"}));
  KaggleEnvironment site = Find();
  EXPECT_FALSE(site.rerun);
  EXPECT_TRUE(site.stand_ins);
  EXPECT_THAT(Notes(site), HasSubstr("2 of the 2 tasks are training tasks"));

  ASSERT_EQ(setenv(kRerun, "", 1), 0);
  EXPECT_FALSE(Find().rerun);
  ASSERT_EQ(setenv(kRerun, "1", 1), 0);
  site = Find();
  EXPECT_TRUE(site.rerun);
  EXPECT_FALSE(site.stand_ins);
  EXPECT_THAT(Notes(site), HasSubstr("This is the scored run"));
}

TEST_F(SiteTest, OneNewTaskMeansNoStandInTasks) {
  Put("arc-prize-2025/arc-agi_test_challenges.json", Challenges({"a", "new"}));
  Put("arc-prize-2025/arc-agi_training_challenges.json",
      Challenges({"a", "b"}));
  const KaggleEnvironment site = Find();
  EXPECT_FALSE(site.rerun);
  EXPECT_FALSE(site.stand_ins);
  EXPECT_THAT(Notes(site), HasSubstr("1 of the 2 tasks are training tasks"));
}

TEST_F(SiteTest, WithoutATrainingFileStandInTasksAreUnknown) {
  PutContest("arc-prize-2025");
  KaggleEnvironment site = Find();
  EXPECT_FALSE(site.stand_ins);
  EXPECT_THAT(Notes(site), HasSubstr("the tasks cannot be compared"));

  // The run, not the search, reports a broken file.
  Put("arc-prize-2025/arc-agi_training_challenges.json", "{");
  site = Find();
  EXPECT_FALSE(site.stand_ins);
  EXPECT_THAT(Notes(site), HasSubstr("no comparison possible: "));
}

TEST_F(SiteTest, CheckpointsBelowTheInput) {
  PutContest("competitions/arc-prize-2025");
  for (const char* folder :
       {"models/me/trm/other/tiny/1", "weights/run/checkpoint"}) {
    Put(JoinPath(folder, "checkpoint.json"));
    Put(JoinPath(folder, "model.safetensors"));
  }
  Put("half/checkpoint.json");
  const KaggleEnvironment site = Find();
  EXPECT_THAT(site.checkpoints,
              ElementsAre(Folder("models/me/trm/other/tiny/1"),
                          Folder("weights/run/checkpoint")));
  EXPECT_THAT(Notes(site), HasSubstr("half/checkpoint.json has no "
                                     "model.safetensors beside it"));
}

TEST_F(SiteTest, ScratchFoldersInOrder) {
  PutContest("arc-prize-2025");
  ASSERT_TRUE(MakeDirectories(dir_("tmpdir")).ok());
  const char* const set = std::getenv("TMPDIR");
  const std::string before = set == nullptr ? "" : set;
  ASSERT_EQ(setenv("TMPDIR", dir_("tmpdir").c_str(), 1), 0);
  const KaggleEnvironment site = Find();
  if (set == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", before.c_str(), 1);
  }
  ASSERT_GE(site.scratch_folders.size(), 3u);
  // Made, since it was requested.
  EXPECT_TRUE(IsDirectory(dir_("scratch")));
  EXPECT_EQ(site.scratch_folders[0], dir_("scratch"));
  EXPECT_EQ(site.scratch_folders[1], dir_("tmpdir"));
  EXPECT_EQ(site.scratch_folders.back(), dir_("working"));
  EXPECT_GT(site.scratch_free_bytes, 0);
  EXPECT_THAT(Notes(site),
              HasSubstr(absl::StrCat("Scratch folder: ", dir_("scratch"))));
  // The search leaves no files.
  EXPECT_THAT(ListFiles(dir_("scratch")).value(), IsEmpty());
}

TEST_F(SiteTest, AScratchFolderThatCannotBeUsedIsPassedOver) {
  PutContest("arc-prize-2025");
  ASSERT_TRUE(WriteFileAtomically(dir_("scratch"), "a file").ok());
  options_.working = dir_("missing");
  const KaggleEnvironment site = Find();
  EXPECT_THAT(
      site.scratch_folders,
      Not(testing::Contains(testing::AnyOf(dir_("scratch"), dir_("missing")))));
  EXPECT_THAT(Notes(site),
              HasSubstr(absl::StrCat(dir_("scratch"), ": no such folder")));
  EXPECT_THAT(Notes(site),
              HasSubstr(absl::StrCat(dir_("missing"), ": no such folder")));
}

TEST_F(SiteTest, AFullScratchFolderIsALastResort) {
  PutContest("arc-prize-2025");
  options_.scratch_bytes = std::numeric_limits<int64_t>::max();
  const KaggleEnvironment site = Find();
  ASSERT_THAT(site.scratch_folders, Not(IsEmpty()));
  EXPECT_THAT(Notes(site),
              HasSubstr(absl::StrCat("Scratch folder with little space: ",
                                     dir_("scratch"), " has ")));
  for (const std::string& folder : site.scratch_folders) {
    EXPECT_THAT(Notes(site), HasSubstr(absl::StrCat("little space: ", folder)));
  }
}

}  // namespace
}  // namespace arctrm
