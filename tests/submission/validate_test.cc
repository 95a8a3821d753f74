// SPDX-License-Identifier: MIT
#include "submission/validate.h"

#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "submission/write.h"
#include "tests/testing/grid.h"
#include "tests/testing/program.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Task a with one test input, b with two.
ChallengeSet Challenges() {
  ChallengeSet challenges;
  challenges.tasks = {{"a", {{G("1"), G("2")}}, {G("5")}},
                      {"b", {{G("1"), G("2")}}, {G("3"), G("4")}}};
  return challenges;
}

// Writes without syncing.
void Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  ASSERT_TRUE(file.flush().good());
}

std::vector<std::string> Faults(const std::string& text) {
  const std::string path = JoinPath(TestFolder(), "submission.json");
  Write(path, text);
  const auto faults = ValidateSubmission(path, Challenges());
  EXPECT_EQ(faults.status(), absl::OkStatus());
  return faults.value();
}

constexpr char kB[] =
    "\"b\":[{\"attempt_1\":[[1]],\"attempt_2\":[[1]]},"
    "{\"attempt_1\":[[1]],\"attempt_2\":[[1]]}]";

// A submission whose only unusual value is the first attempt of task a.
std::vector<std::string> GridFaults(const std::string& grid) {
  return Faults(absl::StrCat("{\"a\":[{\"attempt_1\":", grid,
                             ",\"attempt_2\":[[0]]}],", kB, "}"));
}

std::vector<std::string> EntryFaults(const std::string& entries) {
  return Faults(absl::StrCat("{\"a\":", entries, ",", kB, "}"));
}

TEST(ValidateSubmission, AcceptsWhatKaggleAccepts) {
  EXPECT_THAT(GridFaults("[[1,2],[3,4]]"), IsEmpty());
  EXPECT_THAT(GridFaults("[ [ 9 ] ]"), IsEmpty());
  EXPECT_THAT(EntryFaults("[{\"attempt_2\":[[0]],\"attempt_1\":[[1]]}]"),
              IsEmpty());
}

TEST(ValidateSubmission, NamesEveryFaultAndItsPlace) {
  EXPECT_THAT(
      Faults("{\"c\":[],\"b\":[{\"attempt_1\":[[1,2],[3]],"
             "\"attempt_2\":[[1,10],[2,-1]]},"
             "{\"attempt_1\":[[1.0]],\"score\":1},7]}"),
      ElementsAre(
          "c: no such task in the challenges",
          "b[0].attempt_1: row 1 has 1 cell, but row 0 has 2",
          "b[0].attempt_2: row 0, column 1: expected an integer from 0 to 9, "
          "found 10",
          "b[0].attempt_2: row 1, column 1: expected an integer from 0 to 9, "
          "found -1",
          "b[1].attempt_1: row 0, column 0: expected an integer from 0 to 9, "
          "found 1.0",
          "b[1].score: only \"attempt_1\" and \"attempt_2\" are allowed here",
          "b[1].attempt_2: missing",
          "b[2]: expected an object with \"attempt_1\" and \"attempt_2\", "
          "found 7",
          "b: expected 2 entries, one per test input, found 3",
          "a: missing: this task of the challenges is not in the submission"));
}

TEST(ValidateSubmission, IdsMustBeThoseOfTheChallenges) {
  EXPECT_THAT(Faults("{}"), SizeIs(2));
  EXPECT_THAT(Faults(absl::StrCat("{", kB, "}")),
              ElementsAre(HasSubstr("a: missing")));
  EXPECT_THAT(Faults(absl::StrCat("{\"a\":[{\"attempt_1\":[[1]],\"attempt_2\":"
                                  "[[1]]}],",
                                  kB, ",", kB, "}")),
              ElementsAre("b: this task id occurs twice"));
  // The same id, once with an escape.
  EXPECT_THAT(Faults(absl::StrCat("{\"a\":[{\"attempt_1\":[[1]],\"attempt_2\":"
                                  "[[1]]}],\"\\u0061\":[{\"attempt_1\":[[1]],"
                                  "\"attempt_2\":[[1]]}],",
                                  kB, "}")),
              ElementsAre("a: this task id occurs twice"));
  EXPECT_THAT(EntryFaults("[{\"attempt_1\":[[1]],\"attempt_2\":[[1]]}],"
                          "\"A\":[{\"attempt_1\":[[1]],\"attempt_2\":[[1]]}]"),
              ElementsAre("A: no such task in the challenges"));
}

TEST(ValidateSubmission, OneEntryPerTestInput) {
  EXPECT_THAT(EntryFaults("[]"),
              ElementsAre("a: expected 1 entry, one per test input, found 0"));
  EXPECT_THAT(EntryFaults("[{\"attempt_1\":[[1]],\"attempt_2\":[[1]]},"
                          "{\"attempt_1\":[[1]],\"attempt_2\":[[1]]}]"),
              ElementsAre("a: expected 1 entry, one per test input, found 2"));
  EXPECT_THAT(EntryFaults("{\"attempt_1\":[[1]],\"attempt_2\":[[1]]}"),
              ElementsAre("a: expected a list with one entry per test input, "
                          "found an object"));
  EXPECT_THAT(EntryFaults("null"), SizeIs(1));
}

TEST(ValidateSubmission, BothAttemptsAndNoOtherKey) {
  EXPECT_THAT(EntryFaults("[{}]"), ElementsAre("a[0].attempt_1: missing",
                                               "a[0].attempt_2: missing"));
  EXPECT_THAT(EntryFaults("[{\"attempt_1\":[[1]],\"Attempt_2\":[[1]]}]"),
              SizeIs(2));
  EXPECT_THAT(EntryFaults("[{\"attempt_1\":[[1]],\"attempt_1\":[[1]],"
                          "\"attempt_2\":[[1]]}]"),
              ElementsAre("a[0].attempt_1: this key occurs twice"));
  EXPECT_THAT(EntryFaults("[{\"attempt_1\":[[1]],\"attempt_2\":[[1]],"
                          "\"attempt_3\":[[1]]}]"),
              SizeIs(1));
  EXPECT_THAT(EntryFaults("[[[1]],[[1]]]"), SizeIs(3));
}

TEST(ValidateSubmission, OnlyIntegersFromZeroToNine) {
  for (const char* cell :
       {"10", "-1", "1.0", "0.0", "-0.0", "1e0", "5.5", "1e300", "\"1\"",
        "true", "null", "[1]", "{}", "4294967297", "18446744073709551615",
        "9223372036854775808", "-9223372036854775808"}) {
    EXPECT_THAT(GridFaults(absl::StrCat("[[0,", cell, "]]")),
                ElementsAre(HasSubstr(
                    "a[0].attempt_1: row 0, column 1: expected an integer")))
        << cell;
  }
  EXPECT_THAT(GridFaults("[[1.0]]"), ElementsAre(HasSubstr("found 1.0")));
  EXPECT_THAT(GridFaults("[[1e300]]"), ElementsAre(HasSubstr("found 1e+300")));
}

std::string GridText(int rows, int cols) {
  return absl::StrReplaceAll(Grid(rows, cols).ToText().insert(0, "[["),
                             {{"\n", "0],["}, {"0", "0,"}}) +
         "0]]";
}

TEST(ValidateSubmission, ShapesAreOneToThirty) {
  EXPECT_THAT(GridFaults(GridText(30, 29)), IsEmpty());
  EXPECT_THAT(GridFaults(GridText(30, 30)),
              testing::Contains(HasSubstr("expected 1 to 30 cells, found 31")));
  EXPECT_THAT(GridFaults("[[0]" +
                         [] {
                           std::string rows;
                           for (int i = 0; i < 30; ++i) rows += ",[0]";
                           return rows;
                         }() +
                         "]"),
              ElementsAre("a[0].attempt_1: expected 1 to 30 rows, found 31"));
  EXPECT_THAT(GridFaults("[]"),
              ElementsAre("a[0].attempt_1: expected 1 to 30 rows, found 0"));
  EXPECT_THAT(
      GridFaults("[[]]"),
      ElementsAre("a[0].attempt_1: row 0: expected 1 to 30 cells, found 0"));
  EXPECT_THAT(GridFaults("[1,2]"), SizeIs(2));
  EXPECT_THAT(GridFaults("[[[1]]]"), SizeIs(1));
  EXPECT_THAT(GridFaults("3"),
              ElementsAre("a[0].attempt_1: expected a list of rows, found 3"));
  EXPECT_THAT(GridFaults("\"[[1]]\""), SizeIs(1));
  EXPECT_THAT(GridFaults("[[1],[1,2],[1,2]]"), SizeIs(2));
}

TEST(ValidateSubmission, WhatIsNoJsonIsOneFault) {
  const std::string valid = SubmissionJson(PlaceholderSubmission(Challenges()));
  EXPECT_THAT(Faults(valid), IsEmpty());
  EXPECT_THAT(Faults(valid + "{}"),
              ElementsAre(HasSubstr("not JSON: line 5, column 1")));
  EXPECT_THAT(Faults(valid + "x"), SizeIs(1));
  EXPECT_THAT(Faults(""), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(Faults(std::string(1, '\0')), SizeIs(1));
  EXPECT_THAT(Faults("{\"a\":NaN}"), SizeIs(1));
  EXPECT_THAT(GridFaults("[[01]]"), ElementsAre(HasSubstr("not JSON")));
  EXPECT_THAT(GridFaults("[[1],]"), SizeIs(1));
  EXPECT_THAT(Faults("{\"a\xFF\":[]}"), ElementsAre(HasSubstr("UTF-8")));
  EXPECT_THAT(Faults("[]"), ElementsAre("expected an object of task ids, found "
                                        "a list"));
  EXPECT_THAT(Faults("7"), SizeIs(1));
  EXPECT_THAT(Faults("\xEF\xBB\xBF" + valid),
              ElementsAre(HasSubstr("byte-order mark")));
}

TEST(ValidateSubmission, DeepNestingEndsInAFault) {
  for (const int depth : {4, 15, 17, 1000, 1000000}) {
    const std::string open(static_cast<size_t>(depth), '[');
    const std::string close(static_cast<size_t>(depth), ']');
    EXPECT_THAT(GridFaults(open + close), testing::Not(IsEmpty())) << depth;
    EXPECT_THAT(GridFaults(open), SizeIs(1)) << depth;
  }
}

TEST(ValidateSubmission, AFileCutAnywhereIsOneFault) {
  const std::string valid = SubmissionJson(PlaceholderSubmission(Challenges()));
  // The last two bytes are the closing brace and a newline.
  for (size_t size = 0; size + 2 < valid.size(); ++size) {
    EXPECT_THAT(Faults(valid.substr(0, size)), SizeIs(1)) << size;
  }
}

TEST(ValidateSubmission, AnyOneByteChangedNeverCrashes) {
  const std::string valid = SubmissionJson(PlaceholderSubmission(Challenges()));
  const std::string path = JoinPath(TestFolder(), "submission.json");
  int faulty = 0;
  for (size_t i = 0; i < valid.size(); ++i) {
    for (const char byte : {'\0', '"', ']', '{', '\\', '\x80', '-', '.'}) {
      std::string text = valid;
      text[i] = byte;
      Write(path, text);
      const auto faults = ValidateSubmission(path, Challenges());
      ASSERT_TRUE(faults.ok());
      faulty += !faults->empty();
    }
  }
  EXPECT_GT(faulty, static_cast<int>(valid.size()) * 6);
}

TEST(ValidateSubmission, KeysAreShownOnOneShortLine) {
  const std::vector<std::string> faults =
      EntryFaults(absl::StrCat("[{\"attempt_1\":[[1]],\"attempt_2\":[[1]],\"",
                               std::string(1000, 'x'), "\\n\":1}]"));
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_LT(faults[0].size(), 200u);
  EXPECT_THAT(faults[0], AllOf(HasSubstr("a[0].xxx"), HasSubstr("...")));
}

TEST(ValidateSubmission, AMissingFileIsNotFound) {
  EXPECT_EQ(
      ValidateSubmission(JoinPath(TestFolder(), "none.json"), Challenges())
          .status()
          .code(),
      absl::StatusCode::kNotFound);
  EXPECT_FALSE(ValidateSubmission(TestFolder(), Challenges()).ok());
}

// 400 tasks of the largest grids, all right and all wrong.
TEST(ValidateSubmission, LargeFilesAreFastAndTheListIsBounded) {
  ChallengeSet challenges;
  Submission submission;
  for (int i = 0; i < 400; ++i) {
    const std::string id = absl::StrCat("task", i);
    challenges.tasks.push_back({id, {{G("1"), G("2")}}, {G("3"), G("4")}});
    submission[id].assign(2, {Grid(30, 30, 7), Grid(30, 30, 8)});
  }
  const std::string path = JoinPath(TestFolder(), "submission.json");
  const std::string valid = SubmissionJson(submission);
  ASSERT_TRUE(WriteFileAtomically(path, valid).ok());
  const std::clock_t start = std::clock();
  EXPECT_THAT(ValidateSubmission(path, challenges).value(), IsEmpty());
  // Measures processor time: about 15 ms, ten times that with sanitizers.
  EXPECT_LT(std::clock() - start, 2 * CLOCKS_PER_SEC);
  ASSERT_TRUE(
      WriteFileAtomically(
          path, absl::StrReplaceAll(valid, {{"7,", "7.0,"}, {"8,", "-8,"}}))
          .ok());
  const std::vector<std::string> faults =
      ValidateSubmission(path, challenges).value();
  EXPECT_THAT(faults, SizeIs(100001));
  EXPECT_EQ(faults.back(), "1292000 more faults not listed");
}

}  // namespace
}  // namespace arctrm
