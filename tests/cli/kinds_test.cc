// SPDX-License-Identifier: MIT
// Wrong kinds of input files and their messages, through the whole program.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KindsTest : public CliTest {
 protected:
  void ExpectRefused(const std::vector<std::string>& args,
                     const std::string& says) const {
    const ProgramResult result = Arctrm(args);
    EXPECT_EQ(result.exit_code, 2) << args[0] << result.out;
    EXPECT_THAT(result.err, HasSubstr(says)) << args[0];
  }
};

TEST_F(KindsTest, WrongKindOfFileIsNamed) {
  Write("empty.json", "{}");
  Write("error.json", R"({"message":"Not Found","status":"404"})");
  const struct {
    const char* file;
    const char* as_tasks;
    const char* as_solutions;
    const char* as_submission;
  } kCases[] = {
      {"challenges.json", nullptr,
       "challenges.json: none of its tasks holds a test output, but solutions "
       "are "
       "expected",
       "challenges.json: holds tasks"},
      {"solutions.json", "solutions.json: holds solutions (test outputs",
       nullptr, "solutions.json: holds solutions (test outputs"},
      {"submission.json", "submission.json: holds a submission (attempts",
       "submission.json: holds a submission (attempts", nullptr},
      {"empty.json", "empty.json: no tasks, the file holds only {}; tasks are",
       "empty.json: no solutions, the file holds only {}; solutions are",
       "empty.json: no attempts, the file holds only {}; a submission is"},
      {"error.json", "error.json: holds an error message (\"message\": ",
       "error.json: holds an error message (\"message\": ",
       "error.json: holds an error message (\"message\": "},
  };
  for (const auto& [file, as_tasks, as_solutions, as_submission] : kCases) {
    if (as_tasks != nullptr) {
      for (const char* option : {"--challenges", "--train-on"}) {
        ExpectRefused({"augment", option, file, "--out", "data"}, as_tasks);
      }
      ExpectRefused({"validate", "--challenges", file, "submission.json"},
                    as_tasks);
    }
    if (as_solutions != nullptr) {
      ExpectRefused({"score", "--solutions", file, "submission.json"},
                    as_solutions);
      ExpectRefused({"augment", "--train-on",
                     absl::StrCat("challenges.json=", file), "--out", "data"},
                    as_solutions);
    }
    if (as_submission != nullptr) {
      ExpectRefused({"score", "--solutions", "solutions.json", file},
                    as_submission);
    }
  }
  EXPECT_FALSE(Exists("data"));
}

TEST_F(KindsTest, ValidateNamesTheKindOfFile) {
  const auto with = [](const std::string& file) {
    return std::vector<std::string>{"validate", "--challenges",
                                    "challenges.json", file};
  };
  Write(
      "lines.jsonl",
      R"({"id":"aaaa0001","attempts":[{"attempt_1":[[1]],"attempt_2":[[1]]}]})"
      "\n"
      R"({"id":"bbbb0002","attempts":[{"attempt_1":[[1]],"attempt_2":[[1]]}]})");
  EXPECT_THAT(Arctrm(with("lines.jsonl")).out,
              HasSubstr("JSON lines, where one JSON object of all tasks is "
                        "expected"));
  ExpectRefused(with("solutions.json"),
                "not valid, 3 faults: holds solutions (test outputs");
  ExpectRefused(with("challenges.json"), "faults: holds tasks");
  ExpectRefused(with("tasks"),
                "tasks: is a folder, but a submission is one file");
  Write("404.json", "404: Not Found");
  EXPECT_THAT(Arctrm(with("404.json")).out, HasSubstr("message of a server"));
  Write("rows.csv", "task_id,attempt_1\na,b\n");
  EXPECT_THAT(Arctrm(with("rows.csv")).out,
              HasSubstr("not JSON: it begins with \"task_id,attempt_1\""));
}

TEST_F(KindsTest, UnknownOutputsAreNotScored) {
  Write("some.json", R"({"aaaa0001":[null,[[1],[2]]],"bbbb0002":null})");
  for (const std::vector<std::string>& more :
       {std::vector<std::string>(),
        std::vector<std::string>{"--challenges", "challenges.json"}}) {
    const ProgramResult result = Arctrm(
        Joined({"score", "--solutions", "some.json", "submission.json"}, more));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("0 of 1"));
    EXPECT_THAT(result.err, HasSubstr("some.json: 2 test outputs are not known "
                                      "and not scored: aaaa0001[0]; bbbb0002"));
  }
  Write("none.json", R"({"aaaa0001":null,"bbbb0002":null})");
  Write("null.json", R"({"aaaa0001":[null,null],"bbbb0002":[null]})");
  for (const char* file : {"none.json", "null.json"}) {
    ExpectRefused({"score", "--solutions", file, "submission.json"},
                  "no test output is known");
  }
  ExpectRefused(
      {"augment", "--train-on", "challenges.json=some.json", "--out", "data"},
      "bbbb0002 (expected a list of test outputs, found null)");
}

TEST_F(KindsTest, RepeatedTaskIsCounted) {
  Write(
      "lines.jsonl",
      R"({"id":"bbbb0002","attempts":[{"attempt_1":[[3]],"attempt_2":[[4]]}]})"
      "\n"
      R"({"id":"bbbb0002","attempts":[{"attempt_1":[[1]],"attempt_2":[[1]]}]})");
  const ProgramResult result =
      Arctrm({"score", "--solutions", "solutions.json", "lines.jsonl"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("1 of 3"),
                                HasSubstr("1 task occurs more than once"),
                                Not(HasSubstr("more entries than"))));
}

}  // namespace
}  // namespace arctrm
