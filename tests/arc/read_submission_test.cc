// SPDX-License-Identifier: MIT
// Incomplete submissions.
#include <string>
#include <vector>

#include "arc/read.h"
#include "base/compress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/arc/arc_files.h"
#include "tests/testing/gzip.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ReadSubmissionResult Partial(const std::string& path) {
  absl::StatusOr<ReadSubmissionResult> read = ReadPartialSubmission(path);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *std::move(read) : ReadSubmissionResult();
}

ReadSubmissionResult PartialText(const std::string& text,
                                 const std::string& name = "s.json") {
  return Partial(Save(ScratchFolder(), name, text));
}

TEST(PartialSubmission, ASoundOneHasNoFaults) {
  for (const std::string& bytes :
       {std::string(kSubmission), Gzip(kSubmission)}) {
    const ReadSubmissionResult read = PartialText(bytes);
    EXPECT_THAT(read.submission, SizeIs(2));
    EXPECT_THAT(read.faults, IsEmpty());
  }
}

TEST(PartialSubmission, AttemptsThatAreNoneAreCounted) {
  const ReadSubmissionResult read = PartialText(
      R"({"a": [{"attempt_1": [[1]], "attempt_2": null},
                {"attempt_1": [], "attempt_2": [[1], [2, 3]]},
                {"attempt_1": [[1]]}, null, 7, {"attempt_1": "x",
                 "attempt_2": [[1.0, 2]]}], "b": null})");
  ASSERT_THAT(read.submission.at("a"), SizeIs(6));
  EXPECT_EQ(read.submission.at("a")[0].attempt_1, Grid::FromText("1"));
  EXPECT_TRUE(read.submission.at("a")[0].attempt_2.empty());
  EXPECT_EQ(read.submission.at("a")[5].attempt_2, Grid::FromText("12"));
  EXPECT_THAT(read.submission.at("b"), IsEmpty());
  EXPECT_EQ(read.empty, 4);
  EXPECT_EQ(read.missing, 1);
  EXPECT_EQ(read.malformed, 4);
  EXPECT_EQ(read.whole_floats, 1);
  EXPECT_THAT(read.faults, SizeIs(9));
  EXPECT_THAT(read.faults[7],
              HasSubstr("task a: test[5].attempt_2 row 0 column 0: expected a "
                        "colour from 0 to 9, found the number 1.0"));
}

TEST(PartialSubmission, AnswerObjectsOfOneTaskAndAFolderOfThem) {
  const std::string dir = ScratchFolder();
  const std::string text =
      R"([{"attempt_1": {"answer": [[2, 2]], "metadata": {}},
           "attempt_2": null}])";
  const ReadSubmissionResult one = Partial(Save(dir, "a.json", text));
  ASSERT_THAT(one.submission.at("a"), SizeIs(1));
  EXPECT_EQ(one.submission.at("a")[0].attempt_1, Grid::FromText("22"));
  EXPECT_EQ(one.empty, 1);
  Save(dir, "b.json", text);
  Save(dir, "results.json", R"({"score": 0.5, "total_tasks": 2})");
  Save(dir, "notes.txt", "words");
  const ReadSubmissionResult both = Partial(dir);
  EXPECT_THAT(both.submission, SizeIs(2));
  ASSERT_THAT(both.remarks, SizeIs(1));
  EXPECT_THAT(WholeRemarkText(both.remarks[0]),
              HasSubstr("skipped 2 files: notes.txt; results.json"));
}

TEST(PartialSubmission, AnswerObjectsMayNameTheirTask) {
  const ReadSubmissionResult read = PartialText(
      R"([{"attempt_1": null, "attempt_2": {"answer": [[1]],
           "metadata": {"task_id": "named"}}}])",
      "run_1.json");
  EXPECT_EQ(read.submission.count("named"), 1u);
}

TEST(PartialSubmission, JsonLines) {
  const ReadSubmissionResult read = PartialText(
      R"({"a": [{"attempt_1": [[1]], "attempt_2": [[2]]}]}
{"id": "b", "attempts": [{"attempt_1": [[3]], "attempt_2": [[4]]}]}

{"task_id": "c", "attempt_1": [[5]], "attempt_2": [[6]]}
{"task_id": "c", "attempt_1": [[7]], "attempt_2": [[8]]}
{"d": [
)",
      "s.jsonl");
  EXPECT_THAT(read.submission, SizeIs(3));
  EXPECT_THAT(read.submission.at("c"), SizeIs(2));
  ASSERT_THAT(read.faults, SizeIs(1));
  EXPECT_THAT(read.faults[0], HasSubstr("line 6: not JSON"));
}

TEST(PartialSubmission, WhatHoldsNoAttemptsIsRefused) {
  const std::string dir = ScratchFolder();
  for (const std::string text : {"[]", "{}", "7", "[[[1]]]", "{\"a\": ["}) {
    EXPECT_EQ(ReadPartialSubmission(Save(dir, "s.json", text)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  const absl::Status empty = ReadPartialSubmission(dir).status();
  EXPECT_THAT(std::string(empty.message()), HasSubstr("no file with attempts"));
}

TEST(PartialSubmission, ATaskTwiceCountsOnce) {
  const ReadSubmissionResult read = PartialText(
      R"({"a": [{"attempt_1": [[1]], "attempt_2": [[2]]}]}
{"a": [{"attempt_1": [[3]], "attempt_2": [[4]]}]})");
  EXPECT_EQ(read.submission.at("a")[0].attempt_1, Grid::FromText("1"));
  EXPECT_THAT(read.faults, SizeIs(1));
}

TEST(PartialSubmission, ATaskAgainCountsOnceInEveryForm) {
  const std::string dir = ScratchFolder();
  const std::string first = R"([{"attempt_1": [[1]], "attempt_2": [[2]]}])";
  const std::string again = R"([{"attempt_1": [[3]], "attempt_2": [[4]]}])";
  const std::string object =
      absl::StrCat("{\"a\": ", first, ", \"a\": ", again, "}");
  const std::string lines =
      absl::StrCat("{\"id\": \"a\", \"attempts\": ", first,
                   "}\n{\"id\": \"a\", \"attempts\": ", again, "}\n");
  ASSERT_TRUE(MakeDirectories(JoinPath(dir, "folder/sub")).ok());
  Save(dir, "folder/a.json", first);
  Save(dir, "folder/sub/a.json", again);
  ASSERT_TRUE(MakeDirectories(JoinPath(dir, "packed")).ok());
  Save(dir, "packed/a.JSON", first);
  Save(dir, "packed/a.json.gz", Gzip(again));
  for (const std::string& path :
       {Save(dir, "o.json", object), Save(dir, "l.jsonl", lines),
        JoinPath(dir, "folder"), JoinPath(dir, "packed")}) {
    const ReadSubmissionResult read = Partial(path);
    ASSERT_THAT(read.submission.at("a"), SizeIs(1)) << path;
    EXPECT_EQ(read.submission.at("a")[0].attempt_1, Grid::FromText("1"));
    EXPECT_EQ(read.repeated, 1);
    ASSERT_THAT(read.faults, SizeIs(1));
    EXPECT_THAT(read.faults[0],
                HasSubstr("task a: occurs twice; the first one counts"));
    EXPECT_FALSE(ReadSubmission(path).ok()) << path;
  }
}

TEST(ReadSolutions, TasksThatHoldTheirOutputs) {
  const std::string dir = ScratchFolder();
  const std::string both =
      Save(dir, "both.json",
           absl::StrCat("{\"a\": ", kOneTask, ", \"b\": ",
                        R"({"train": [{"input": [[1]], "output": [[2]]}],
                       "test": [{"input": [[3]]}]}})"));
  EXPECT_THAT(std::string(ReadSolutions(both, nullptr).status().message()),
              HasSubstr("task b: holds no test output"));
  std::vector<std::string> unknown;
  EXPECT_THAT(*ReadSolutions(both, nullptr, &unknown), SizeIs(1));
  EXPECT_THAT(unknown, ElementsAre("b"));
  EXPECT_EQ(ReadSolutions(Save(dir, "t.json", kOneTask), nullptr)->at("t")[0],
            Grid::FromText("4"));
}

TEST(ReadSolutions, WhatIsNotKnownIsNamed) {
  const std::string path =
      Save(ScratchFolder(), "s.json",
           R"({"a": [[[1]], null], "b": null, "c": [[[2]]]})");
  EXPECT_THAT(
      std::string(ReadSolutions(path, nullptr).status().message()),
      AllOf(HasSubstr("2 faults: task a: solution[1]: "),
            HasSubstr("found null; task b: expected a list of test outputs, "
                      "found null")));
  std::vector<std::string> unknown;
  const absl::StatusOr<SolutionSet> known =
      ReadSolutions(path, nullptr, &unknown);
  ASSERT_TRUE(known.ok()) << known.status();
  EXPECT_THAT(unknown, ElementsAre("a[1]", "b"));
  EXPECT_THAT(*known, SizeIs(2));
  EXPECT_TRUE(known->at("a")[1].empty());
}

TEST(LookAtArcFile, ByContent) {
  const std::string dir = ScratchFolder();
  const struct {
    std::string text;
    ArcFileForm form;
  } kCases[] = {
      {kChallenges, ArcFileForm::kTasks},
      {kOneTask, ArcFileForm::kTasks},
      {"[{\"input\": [[1]], \"output\": [[2]]}]", ArcFileForm::kTasks},
      {"{\"a\": [{\"input\": [[1]], \"output\": [[2]]}]}", ArcFileForm::kTasks},
      {"no JSON", ArcFileForm::kTasks},
      {kSolutions, ArcFileForm::kSolutions},
      {Gzip(kSolutions), ArcFileForm::kSolutions},
      {"{\"id\": \"a\", \"solution\": [[1]]}\n{}", ArcFileForm::kSolutions},
      {kSubmission, ArcFileForm::kSubmission},
      {"{\"a\": [null]}", ArcFileForm::kSubmission},
      {"{\"a\": [], \"b\": [{\"attempt_1\": [[1]]}]}",
       ArcFileForm::kSubmission},
      {"{\"a\": [null], \"b\": [[[1]]]}", ArcFileForm::kSolutions},
      {"{\"a\": null, \"b\": [null, [[1]]]}", ArcFileForm::kSolutions},
      {"{\"a\": {\"train\": [], \"test\": []}}", ArcFileForm::kTasks},
      {"[{\"attempt_1\": null}]", ArcFileForm::kSubmission},
  };
  for (const auto& [text, form] : kCases) {
    EXPECT_EQ(LookAtArcFile(Save(dir, "x", text)), form) << text;
  }
  // The first meaningful file of a folder decides.
  const std::string folder = JoinPath(dir, "folder");
  ASSERT_TRUE(MakeDirectories(folder).ok());
  EXPECT_EQ(LookAtArcFile(folder), ArcFileForm::kTasks);
  Save(folder, "0_results.json", R"({"score": 0.5})");
  Save(folder, "a.json", R"([{"attempt_1": [[1]], "attempt_2": null}])");
  EXPECT_EQ(LookAtArcFile(folder), ArcFileForm::kSubmission);
  Save(folder, "1.json", kOneTask);
  EXPECT_EQ(LookAtArcFile(folder), ArcFileForm::kTasks);
}

}  // namespace
}  // namespace arctrm
