// SPDX-License-Identifier: MIT
// `arctrm puzzle` without a model.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

using PuzzleTest = CliTest;

TEST_F(PuzzleTest, GeneratedFilesPassTheCheck) {
  for (const std::string kind : {"sudoku", "maze"}) {
    const ProgramResult made =
        Arctrm({"puzzle", "generate", kind, "--count", "50", "--size", "9",
                "--seed", "3", "--overwrite", "--out", "p.csv"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("50 puzzles of 9x9"));
    const ProgramResult checked = Arctrm({"puzzle", "check", "p.csv"});
    EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
    EXPECT_THAT(checked.out, HasSubstr("50 " + kind + " puzzles of 9x9"));
    const std::string first = Read("p.csv");
    Arctrm({"puzzle", "generate", kind, "--count", "50", "--size", "9",
            "--seed", "3", "--threads", "1", "--out", "p.csv"});
    EXPECT_EQ(Read("p.csv"), first);
    EXPECT_THAT(Arctrm({"show", "p.csv", "2"}).out, HasSubstr("puzzle 2"));
    EXPECT_EQ(Arctrm({"show", "p.csv", "51"}).exit_code, 2);
  }
}

TEST_F(PuzzleTest, CheckNamesEveryFault) {
  Write("p.csv",
        "source,question,answer,rating\n"
        "a,1234341221434320,1234341221434321,0\n"
        "b,................,1234341221434321,0\n"
        "c,12343412214343.0,1234341221434312,0\n");
  const ProgramResult result = Arctrm({"puzzle", "check", "p.csv"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, HasSubstr("p.csv: puzzle 2: it has several"));
  EXPECT_THAT(result.out, HasSubstr("p.csv: puzzle 3: "));
  EXPECT_THAT(result.out, HasSubstr("2 with a fault"));
}

TEST_F(PuzzleTest, CheckCountsGivenAnswers) {
  const std::string header = "question,answer\n";
  const std::string with = "1234341221434320,1234341221434321\n";
  const std::string without = "12343412214343..,\n";
  const struct {
    std::string text;
    std::string says;
  } kCases[] = {
      {header + with, ": each has one answer, and it is right\n"},
      {header + without, ": each has one answer; the file holds none\n"},
      {"question\n1234341221434320\n", "the file holds none\n"},
      {header + with + without + with,
       "each has one answer; the file holds 2, and they are right\n"},
      {header + with + "................,\n",
       "1 with a fault; 1 without an answer\n"},
      {header + "S## G####,\n", "the file holds none\n"},
  };
  for (const auto& [text, says] : kCases) {
    Write("p.csv", text);
    EXPECT_THAT(Arctrm({"puzzle", "check", "p.csv"}).out, HasSubstr(says));
  }
}

TEST_F(PuzzleTest, ScoreReportsMissingAnswers) {
  Write("p.csv", "question,answer\n12.4............,1234341221434321\n");
  Write("none.csv", "question\n12.4............\n");
  Write("other.csv", "question,answer\n1234341221434320,1234341221434321\n");
  Write("two.csv",
        "question,answer\n12.4............,1234341221434321\n"
        "12.4............,1234431221433421\n");
  const auto score = [&](const std::string& answers) {
    return Arctrm({"puzzle", "score", "--answers", answers, "p.csv"});
  };
  const ProgramResult none = score("none.csv");
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_THAT(none.err, HasSubstr("none.csv: holds puzzles but no answers"));
  EXPECT_THAT(none.out, HasSubstr("1 (1 without an answer)"));
  for (const auto& [answers, says] :
       {std::pair("other.csv", "answers none of the puzzles of p.csv"),
        std::pair("two.csv", "two answers to one puzzle differ")}) {
    const ProgramResult result = score(answers);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(says));
  }
}

TEST_F(PuzzleTest, ScoreDistinguishesExactAndValidAnswers) {
  Write("p.csv",
        "source,question,answer,rating\n"
        "a,12.4............,1234341221434321,0\n"
        "b,1234341221434320,1234341221434321,0\n"
        "c,1234341221434.21,1234341221434321,0\n"
        "d,12343412214343..,1234341221434321,0\n");
  Write("answers.csv",
        "source,question,answer,rating\n"
        "b,1234341221434320,1234341221434321,0\n"
        "a,12.4............,1234431221433421,0\n"
        "c,1234341221434.21,1234341221434421,0\n");
  const ProgramResult result =
      Arctrm({"puzzle", "score", "--answers", "answers.csv", "p.csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4 (1 without an answer)"));
  EXPECT_THAT(result.out, HasSubstr("exact answers   25.00 % (1)"));
  EXPECT_THAT(result.out, HasSubstr("valid answers   50.00 % (2)"));
  const ProgramResult json = Arctrm(
      {"puzzle", "score", "--answers", "answers.csv", "p.csv", "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"exact_accuracy\":0.25"));
}

TEST_F(PuzzleTest, BadInputIsNamedAndOverwritesNothing) {
  Write("out.csv", "precious");
  Write("bad.csv", "source,question,answer,rating\na,12..,1234,0\nb,12x.,,0\n");
  Write("maze.csv", "source,question,answer,rating\na,S G      ,SoG      ,2\n");
  struct Call {
    std::vector<std::string> args;
    std::string expected;
  };
  const std::vector<Call> calls = {
      {{"generate", "chess", "--count", "1", "--out", "out.csv"}, "chess"},
      {{"generate", "sudoku", "--count", "0", "--out", "out.csv"}, "--count"},
      {{"generate", "sudoku", "--count", "1", "--size", "5", "--out",
        "out.csv"},
       "4x4, 6x6 or 9x9"},
      {{"generate", "maze", "--count", "1", "--size", "5", "--min-rating", "90",
        "--out", "out.csv"},
       "ask for less"},
      {{"check", "bad.csv"}, "bad.csv, line 3: character 3 of the question"},
      {{"check", "none.csv"}, "none.csv"},
      {{"score", "--answers", "bad.csv", "maze.csv"}, "bad.csv, line 3"},
      {{"bogus"}, "unknown command 'bogus'"},
      {{}, "expected a command: generate, check"},
  };
  for (const Call& call : calls) {
    std::vector<std::string> args = {"puzzle"};
    args.insert(args.end(), call.args.begin(), call.args.end());
    const ProgramResult result = Arctrm(args);
    EXPECT_EQ(result.exit_code, 2) << call.expected;
    EXPECT_THAT(result.err, HasSubstr(call.expected));
    EXPECT_EQ(Read("out.csv"), "precious");
  }
}

}  // namespace
}  // namespace arctrm
