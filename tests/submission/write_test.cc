// SPDX-License-Identifier: MIT
#include "submission/write.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "arc/placeholder.h"
#include "arc/read.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "submission/validate.h"
#include "tests/testing/grid.h"
#include "tests/testing/program.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChallengeSet TwoTasks() {
  ChallengeSet challenges;
  challenges.tasks = {
      {"b", {{G("1"), G("2")}}, {G("3"), G("4")}},
      {"a", {{G("1"), G("2")}}, {G("5")}},
  };
  return challenges;
}

Submission Answers() {
  return {{"a", {{G("12 34"), G("9")}}},
          {"b", {{G("1"), Grid()}, {G("123"), G("4 5 6")}}}};
}

TEST(SubmissionJson, IsCompactInMapOrderWithPlaceholdersForEmptyGrids) {
  EXPECT_EQ(SubmissionJson(Answers()),
            "{\n\"a\":[{\"attempt_1\":[[1,2],[3,4]],\"attempt_2\":[[9]]}],\n"
            "\"b\":[{\"attempt_1\":[[1]],\"attempt_2\":[[0]]},"
            "{\"attempt_1\":[[1,2,3]],\"attempt_2\":[[4],[5],[6]]}]\n}\n");
}

TEST(WriteSubmission, ReadsBackTheSameAndIsValid) {
  const std::string path = JoinPath(TestFolder(), "submission.json");
  ASSERT_EQ(WriteSubmission(Answers(), TwoTasks(), path), absl::OkStatus());
  Submission expected = Answers();
  expected["b"][0].attempt_2 = Grid(1, 1);
  EXPECT_EQ(ReadSubmission(path).value(), expected);
  EXPECT_THAT(ValidateSubmission(path, TwoTasks()).value(), IsEmpty());
  EXPECT_THAT(ListFiles(Dirname(path)).value(), ElementsAre("submission.json"));
}

TEST(WriteSubmission, EscapesIdsAsTheyWereRead) {
  const std::string id = "say \"hi\" \\ \xC3\xA9 </script>";
  ChallengeSet challenges;
  challenges.tasks = {{id, {{G("1"), G("2")}}, {G("3")}}};
  const std::string path = JoinPath(TestFolder(), "submission.json");
  ASSERT_EQ(
      WriteSubmission(PlaceholderSubmission(challenges), challenges, path),
      absl::OkStatus());
  EXPECT_THAT(ValidateSubmission(path, challenges).value(), IsEmpty());
}

TEST(WriteSubmission, APlaceholderFileIsValid) {
  const std::string path = JoinPath(TestFolder(), "submission.json");
  const Submission submission = PlaceholderSubmission(TwoTasks());
  EXPECT_EQ(submission.at("b").size(), 2u);
  ASSERT_EQ(WriteSubmission(submission, TwoTasks(), path), absl::OkStatus());
  EXPECT_THAT(ValidateSubmission(path, TwoTasks()).value(), IsEmpty());
}

TEST(WriteSubmission, WhatDoesNotFitTheChallengesLeavesTheOldFile) {
  const std::string path = JoinPath(TestFolder(), "submission.json");
  ASSERT_EQ(WriteSubmission(Answers(), TwoTasks(), path), absl::OkStatus());
  const std::string before = ReadFile(path).value();
  Submission missing = Answers();
  missing.erase("a");
  Submission extra = Answers();
  extra["c"] = extra["a"];
  Submission renamed = Answers();
  renamed["c"] = renamed["a"];
  renamed.erase("a");
  Submission shorter = Answers();
  shorter["b"].pop_back();
  for (const Submission& wrong : {missing, extra, renamed, shorter}) {
    EXPECT_EQ(WriteSubmission(wrong, TwoTasks(), path).code(),
              absl::StatusCode::kInternal);
  }
  EXPECT_EQ(ReadFile(path).value(), before);
  EXPECT_THAT(ListFiles(Dirname(path)).value(), ElementsAre("submission.json"));
}

// An id that JSON can't hold is written, but the written file cannot be read
// back.
TEST(WriteSubmission, WhatDoesNotReadBackLeavesTheOldFile) {
  const std::string path = JoinPath(TestFolder(), "submission.json");
  ASSERT_EQ(WriteSubmission(Answers(), TwoTasks(), path), absl::OkStatus());
  const std::string before = ReadFile(path).value();
  ChallengeSet challenges;
  challenges.tasks = {{"\xFF", {{G("1"), G("2")}}, {G("3")}}};
  const absl::Status status =
      WriteSubmission(PlaceholderSubmission(challenges), challenges, path);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("the written file cannot be read back"));
  EXPECT_EQ(ReadFile(path).value(), before);
  EXPECT_THAT(ListFiles(Dirname(path)).value(), ElementsAre("submission.json"));
}

TEST(WriteSubmission, AFullDiskLeavesTheOldFile) {
  const std::string path = JoinPath(TestFolder(), "submission.json");
  ASSERT_EQ(WriteSubmission(Answers(), TwoTasks(), path), absl::OkStatus());
  const std::string before = ReadFile(path).value();
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 20;
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = WriteSubmission(Answers(), TwoTasks(), path);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(ReadFile(path).value(), before);
  EXPECT_THAT(ListFiles(Dirname(path)).value(), ElementsAre("submission.json"));
}

TEST(WriteSubmission, AFolderInTheWayIsKept) {
  const std::string dir = TestFolder();
  const std::string path = JoinPath(dir, "submission.json");
  ASSERT_EQ(MakeDirectories(JoinPath(path, "kept")), absl::OkStatus());
  EXPECT_FALSE(WriteSubmission(Answers(), TwoTasks(), path).ok());
  EXPECT_TRUE(IsDirectory(JoinPath(path, "kept")));
  EXPECT_THAT(ListFiles(dir).value(), IsEmpty());
}

TEST(WriteSubmission, APipeIsWrittenToAndStaysAPipe) {
  const std::string dir = TestFolder();
  const std::string path = JoinPath(dir, "pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  // Opened for reading and writing, so that neither open nor write blocks.
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(WriteSubmission(Answers(), TwoTasks(), path), absl::OkStatus());
  char buffer[1000];
  const ssize_t size = read(fd, buffer, sizeof(buffer));
  close(fd);
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(buffer, static_cast<size_t>(size)),
            SubmissionJson(Answers()));
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_THAT(ListFiles(dir).value(), IsEmpty());
}

ChallengeSet OneTask() {
  ChallengeSet challenges;
  challenges.tasks = {{"a", {{G("1"), G("2")}}, {G("5")}}};
  return challenges;
}

Attempts Merged(const std::vector<WeightedSubmission>& parts) {
  return MergeSubmissions(parts, OneTask()).at("a").at(0);
}

WeightedSubmission Part(const Grid& first, const Grid& second,
                        double weight = 1) {
  return {{{"a", {{first, second}}}}, weight};
}

TEST(MergeSubmissions, OnePartStaysAsItIs) {
  EXPECT_EQ(Merged({Part(G("7"), G("3"))}), (Attempts{G("7"), G("3")}));
}

TEST(MergeSubmissions, SecondAttemptsCountHalf) {
  // 1: 1, 2: 0.5 + 0.5 + 0.5, 3: 1, 4: 1.
  const Attempts merged = Merged(
      {Part(G("1"), G("2")), Part(G("3"), G("2")), Part(G("4"), G("2"))});
  EXPECT_EQ(merged, (Attempts{G("2"), G("1")}));
}

TEST(MergeSubmissions, WeightsDecide) {
  EXPECT_EQ(Merged({Part(G("1"), G("2"), 1), Part(G("3"), G("4"), 2.5)}),
            (Attempts{G("3"), G("4")}));
  EXPECT_EQ(Merged({Part(G("1"), G("2"), 1), Part(G("3"), G("4"), 1.5)}),
            (Attempts{G("3"), G("1")}));
}

TEST(MergeSubmissions, TiesGoByContentInAnyOrder) {
  const WeightedSubmission a = Part(G("9"), G("9"));
  const WeightedSubmission b = Part(G("1 1"), G("1 1"));
  const WeightedSubmission c = Part(G("8"), G("8"));
  EXPECT_EQ(Merged({a, b, c}), (Attempts{G("8"), G("9")}));
  EXPECT_EQ(Merged({c, b, a}), (Attempts{G("8"), G("9")}));
}

TEST(MergeSubmissions, AnAttemptGivenTwiceCountsOnce) {
  EXPECT_EQ(Merged({Part(G("5"), G("5")), Part(G("2"), G("3"), 1.2)}),
            (Attempts{G("2"), G("5")}));
}

TEST(MergeSubmissions, PlaceholdersAndEmptyGridsDoNotCount) {
  EXPECT_EQ(Merged({Part(Grid(1, 1), Grid(1, 1), 9),
                    Part(Grid(1, 1), G("4"), 1), Part(Grid(), G("6"), 0.5)}),
            (Attempts{G("4"), G("6")}));
}

TEST(MergeSubmissions, APlaceholderIsNoAnswerButItsGridsCanBe) {
  const Attempts nothing = PlaceholderFor(*TwoTasks().Find("a"), 0);
  EXPECT_EQ(Merged({Part(nothing.attempt_1, nothing.attempt_2, 9),
                    Part(G("4"), G("6"), 1)}),
            (Attempts{G("4"), G("6")}));
  EXPECT_EQ(Merged({Part(nothing.attempt_1, G("6"), 1)}),
            (Attempts{nothing.attempt_1, G("6")}));
}

TEST(HasAnswers, WhatIsNoPlaceholderIsOne) {
  const ChallengeSet challenges = TwoTasks();
  Submission submission = PlaceholderSubmission(challenges);
  EXPECT_FALSE(HasAnswers(submission, challenges));
  submission["a"][0] = {Grid(1, 1), Grid(1, 1)};
  EXPECT_FALSE(HasAnswers(submission, challenges));
  submission["b"][1].attempt_2 = G("4");
  EXPECT_TRUE(HasAnswers(submission, challenges));
  EXPECT_FALSE(HasAnswers({{"other", {}}}, challenges));
  EXPECT_FALSE(HasAnswers({{"other", {{Grid(1, 1), Grid(1, 1)}}}}, challenges));
  EXPECT_TRUE(HasAnswers({{"other", {{G("4"), Grid(1, 1)}}}}, challenges));
}

TEST(MergeSubmissions, OneAnswerGetsASecondAttemptThatNeverCounts) {
  const Attempts only = OnlyAnswer(G("4"), *TwoTasks().Find("a"), 0);
  EXPECT_NE(only.attempt_2, G("4"));
  EXPECT_EQ(Merged({Part(G("4"), Grid(1, 1))}), only);
  EXPECT_EQ(
      Merged({Part(only.attempt_1, only.attempt_2),
              Part(only.attempt_1, only.attempt_2),
              Part(only.attempt_1, only.attempt_2), Part(G("4"), G("5"))}),
      (Attempts{G("4"), G("5")}));
  EXPECT_EQ(Merged({}), PlaceholderFor(*TwoTasks().Find("a"), 0));
}

TEST(MergeSubmissions, TasksThatNoPartAnswersStayInPlace) {
  const WeightedSubmission part = {{{"b", {{G("7"), G("8")}}}}, 1};
  const Submission merged = MergeSubmissions({part}, TwoTasks());
  EXPECT_EQ(merged.at("a")[0], PlaceholderFor(*TwoTasks().Find("a"), 0));
  ASSERT_EQ(merged.at("b").size(), 2u);
  EXPECT_EQ(merged.at("b")[0], (Attempts{G("7"), G("8")}));
  EXPECT_EQ(merged.at("b")[1], PlaceholderFor(*TwoTasks().Find("b"), 1));
}

}  // namespace
}  // namespace arctrm
