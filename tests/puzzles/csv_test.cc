// SPDX-License-Identifier: MIT
#include "puzzles/csv.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/compress.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kHeader = "source,question,answer,rating\n";
const std::string kRow = "here,12..,1234,3\n";

std::string Message(const std::string& bytes) {
  return std::string(ParsePuzzleCsv(bytes, "f.csv").status().message());
}

TEST(PuzzleCsv, ReadsASudoku) {
  const auto file = ParsePuzzleCsv(kHeader + kRow + "there,1034,,0", "f.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->kind, PuzzleKind::kSudoku);
  ASSERT_EQ(file->puzzles.size(), 2u);
  EXPECT_EQ(file->puzzles[0].source, "here");
  EXPECT_EQ(file->puzzles[0].question, Grid::FromText("12 00"));
  EXPECT_EQ(file->puzzles[0].answer, Grid::FromText("12 34"));
  EXPECT_EQ(file->puzzles[0].rating, 3);
  EXPECT_EQ(file->puzzles[1].question, Grid::FromText("10 34"));
  EXPECT_TRUE(file->puzzles[1].answer.empty());
}

TEST(PuzzleCsv, ReadsAMaze) {
  const auto file =
      ParsePuzzleCsv(kHeader + "a,S # G   ,\"SoooG   \",5\n", "f.csv");
  ASSERT_FALSE(file.ok());  // 8 is not a square
  const auto maze =
      ParsePuzzleCsv(kHeader + "a,S # G    ,\"So#oG    \",5\n", "f.csv");
  ASSERT_TRUE(maze.ok()) << maze.status();
  EXPECT_EQ(maze->kind, PuzzleKind::kMaze);
  EXPECT_EQ(maze->puzzles[0].question, Grid::FromText("210 131 111"));
  EXPECT_EQ(maze->puzzles[0].answer, Grid::FromText("240 431 111"));
}

TEST(PuzzleCsv, ReadsQuotedFieldsAndWindowsLines) {
  const auto file = ParsePuzzleCsv(
      "source,question,answer,rating\r\n"
      "\"one, \"\"two\"\"\",\"12..\",1234,\"3\"\r\n"
      "\"a\nb\",....,1234,4\r\n",
      "f.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->puzzles[0].source, "one, \"two\"");
  EXPECT_EQ(file->puzzles[0].rating, 3);
  EXPECT_EQ(file->puzzles[1].source, "a\nb");
}

TEST(PuzzleCsv, WritesWhatItReads) {
  const std::string text = kHeader + "\"a,\"\"b\"\"\",12..,1234,3\nc,....,,0\n";
  const auto file = ParsePuzzleCsv(text, "f.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(PuzzleCsv(*file), text);
  EXPECT_EQ(PuzzleText(PuzzleKind::kMaze, Grid::FromText("0123")), "# SG");
}

TEST(PuzzleCsv, AnswersMayCarryTheirConfidence) {
  const std::string text =
      "source,question,answer,rating,confidence\n"
      "a,12..,1234,3,0.250000\nb,....,,0,\n";
  const auto file = ParsePuzzleCsv(text, "f.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->puzzles[0].confidence, 0.25);
  EXPECT_FALSE(file->puzzles[1].confidence.has_value());
  EXPECT_EQ(PuzzleCsv(*file), text);
  const std::string header = text.substr(0, text.find('\n') + 1);
  EXPECT_THAT(Message(header + "a,12..,1234,3,1.5\n"),
              HasSubstr("line 2: the confidence \"1.5\" is not a number"));
  EXPECT_THAT(Message(header + "a,12..,1234,3,nan\n"),
              HasSubstr("the confidence \"nan\""));
  EXPECT_THAT(Message(header + "a,12..,1234,3\n"),
              HasSubstr("line 2: 4 fields, expected 5"));
}

TEST(PuzzleCsv, NamesTheLineOfAFault) {
  EXPECT_THAT(Message(""), HasSubstr("f.csv: empty"));
  EXPECT_THAT(Message(kRow), HasSubstr("f.csv, line 1: this is not a header"));
  EXPECT_THAT(Message(kHeader), HasSubstr("no puzzles"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12..,1234\n"),
              HasSubstr("line 3: 3 fields, expected 4"));
  EXPECT_THAT(Message(kHeader + "a,12..,1234,3,4\n"),
              HasSubstr("line 2: 5 fields, expected 4, as many as the header"));
  EXPECT_THAT(Message(kHeader + "\n" + kRow),
              HasSubstr("line 2: an empty row"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12...,1234,3\n"),
              HasSubstr("line 3: the question has 5 characters, expected 4"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12..,123,3\n"),
              HasSubstr("line 3: the answer has 3 characters"));
  EXPECT_THAT(
      Message(kHeader + kRow + "a,12.x,1234,3\n"),
      HasSubstr("line 3: character 4 of the question does not belong to a "
                "sudoku"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12..,1234,hard\n"),
              HasSubstr("line 3: the rating \"hard\""));
  EXPECT_THAT(Message(kHeader + kRow + "a,\"12..,1234,3\n"),
              HasSubstr("line 3: a quoted field does not end"));
  EXPECT_THAT(Message(kHeader + kRow + "\"a\"b,12..,1234,3\n"),
              HasSubstr("after the closing quote"));
  EXPECT_THAT(Message(kHeader + "a,,,3\n"), HasSubstr("0 characters"));
  EXPECT_THAT(Message(kHeader + "a," + std::string(31 * 31, '.') + ",,3\n"),
              HasSubstr("961 characters"));
}

TEST(PuzzleCsv, ABlankQuestionIsNotAMaze) {
  for (const std::string blank : {" ", "    "}) {
    EXPECT_EQ(Message(kHeader + "a,\"" + blank + "\",,\n"),
              "f.csv, line 2: the question is blank");
    EXPECT_THAT(Message(kHeader + "a,S#G ,,\nb,\"" + blank + "\",,\n"),
                HasSubstr("f.csv, line 3: the question is blank"));
  }
}

TEST(PuzzleCsv, LinesInQuotesCountToo) {
  const std::string rows = "\"a\nb\n\",12..,1234,3\n\"c\r\n\",....,,4\n";
  ASSERT_TRUE(ParsePuzzleCsv(kHeader + rows, "f.csv").ok());
  EXPECT_THAT(Message(kHeader + rows + "d,12.x,1234,3\n"),
              HasSubstr("line 7: character 4"));
  // For a row over several lines, the message gives the first line.
  EXPECT_THAT(Message(kHeader + rows + "\"d\ne\",12..,1234,hard\n"),
              HasSubstr("line 7: the rating"));
  EXPECT_THAT(Message(kHeader + rows + "\"d\ne"),
              HasSubstr("line 7: a quoted field does not end"));
}

TEST(PuzzleCsv, AnythingElseIsAnErrorAndNoCrash) {
  std::string bytes = kHeader + kRow;
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto file = ParsePuzzleCsv(bytes.substr(0, cut), "f.csv");
    // A row may end before or inside its rating.
    EXPECT_EQ(file.ok(), cut + 2 >= bytes.size()) << cut;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(0xff);
    ParsePuzzleCsv(changed, "f.csv").status().IgnoreError();
  }
}

const char kQuestion[] = "1..4.4......4.21";
const char kAnswer[] = "1234341221434321";

// Each is the same puzzle in another format; the second has a rating.
TEST(PuzzleCsv, ReadsTheFilesThatPeopleHave) {
  const std::string q = kQuestion;
  const std::string a = kAnswer;
  std::string zeros = q;
  std::replace(zeros.begin(), zeros.end(), '.', '0');
  const std::string full = std::string(80, '.') + "1";
  const std::vector<std::pair<std::string, std::optional<int>>> cases = {
      {kHeader + "g," + q + "," + a + ",0\n\n", 0},
      {kHeader + "g," + q + "," + a + ",0\r\n\r\n  \n", 0},
      {kHeader + "g," + q + "," + a + ",0\n,,,\n,,,\n", 0},
      {"\xEF\xBB\xBF" + kHeader + "g," + q + "," + a + ",0\n", 0},
      {kHeader + "g," + q + "," + a + ",\n", std::nullopt},
      {kHeader + "g," + q + "," + a + ",NaN\n", std::nullopt},
      {kHeader + "g," + q + "," + a + ",2.7\n", 3},
      {kHeader + "g, " + q + " , " + a + ", 1e1 \n", 10},
      {"source,question,answer,rating,note\ng," + q + "," + a + ",4,x\n", 4},
      {"question,answer,source,rating\n" + q + "," + a + ",g,5\n", 5},
      {" Answer ,QUESTION\n" + a + "," + q + "\n", std::nullopt},
      {"question,rating\n" + q + ",7\n", 7},
      {"quizzes,solutions\n" + zeros + "," + a + "\n", std::nullopt},
      {"id,puzzle,solution,clues,difficulty\n1," + q + "," + a + ",7,2.2\n", 2},
      {"puzzle,solution,difficulty\n" + q + "," + a + ",hard\n", std::nullopt},
      {"\"question\"\t\"answer\"\n" + q + "\t" + a + "\n", std::nullopt},
      {"question;answer\r\n" + q + ";" + a + "\r\n", std::nullopt},
      {q + "," + a + "\n", std::nullopt},
      {a + "\t" + q + "\n", std::nullopt},
      {"g," + q + "," + a + ",6\n", 6},
      {"9," + zeros + "," + a + "\n", std::nullopt},
      {full + "\n", std::nullopt},
  };
  for (const auto& [bytes, rating] : cases) {
    const auto file = ParsePuzzleCsv(bytes, "f.csv");
    ASSERT_TRUE(file.ok()) << bytes << file.status();
    ASSERT_EQ(file->puzzles.size(), 1u) << bytes;
    const Puzzle& puzzle = file->puzzles[0];
    EXPECT_EQ(PuzzleText(file->kind, puzzle.question),
              bytes.find(full) == 0 ? full : q);
    if (bytes.find(a) != std::string::npos) {
      EXPECT_EQ(PuzzleText(file->kind, puzzle.answer), a) << bytes;
    } else {
      EXPECT_TRUE(puzzle.answer.empty());
    }
    EXPECT_EQ(puzzle.rating, rating) << bytes;
    // Writing uses our own format and preserves the puzzles.
    const std::string written = PuzzleCsv(*file);
    EXPECT_EQ(written.substr(0, kHeader.size()), kHeader);
    const auto again = ParsePuzzleCsv(written, "again");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->puzzles[0].rating, rating);
  }
  const auto maze = ParsePuzzleCsv("S  # # # G,SoooG    \n", "f.csv");
  EXPECT_FALSE(maze.ok());  // 10 is not a square
  const auto paths = ParsePuzzleCsv("So# o# oG;S #  #  G\n", "f.csv");
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_EQ(paths->kind, PuzzleKind::kMaze);
  EXPECT_EQ(paths->puzzles[0].question, Grid::FromText("210 110 113"));
}

TEST(PuzzleCsv, RatingsAsPeopleWriteThem) {
  const auto rating = [](const std::string& text, const char* separator) {
    const absl::StatusOr<PuzzleFile> file = ParsePuzzleCsv(
        absl::StrCat("question", separator, "rating\n12..............",
                     separator, text, "\n"),
        "f.csv");
    EXPECT_TRUE(file.ok()) << text << file.status();
    return file.ok() ? file->puzzles[0].rating : -1;
  };
  for (const char* separator : {";", "\t", "|"}) {
    EXPECT_EQ(rating("1,5", separator), 2);
    EXPECT_EQ(rating("0,25", separator), 0);
    EXPECT_EQ(rating("7", separator), 7);
  }
  EXPECT_EQ(rating("1.5", ","), 2);
  EXPECT_EQ(rating("+5", ","), 5);
  EXPECT_EQ(rating("1e2", ","), 100);
  for (const char* unknown : {"-", "--", "NA", "n/a", "#N/A", "<NA>", "null",
                              "None", "NaN", "?", "unknown", "\"\"", " - "}) {
    EXPECT_EQ(rating(unknown, ","), std::nullopt) << unknown;
    EXPECT_EQ(rating(unknown, ";"), std::nullopt) << unknown;
  }
  const auto refusal = [](const std::string& text) {
    return Message("question,rating\n12..............," + text + "\n");
  };
  EXPECT_THAT(refusal("1e400"), HasSubstr("\"1e400\" is too large; at most "));
  EXPECT_THAT(refusal("99999999999"), HasSubstr("is too large"));
  EXPECT_THAT(refusal("\"1,5\""), HasSubstr("write it without a comma"));
  EXPECT_THAT(refusal("0x10"), HasSubstr("is not a number"));
  EXPECT_THAT(refusal("hard"), HasSubstr("is not a number"));
}

TEST(PuzzleCsv, EveryKindOfLineEnd) {
  for (const std::string end : {"\n", "\r\n", "\r", "\r\r\n"}) {
    const std::string rows =
        absl::StrCat("question,answer,rating", end, "12..,1234,3", end,
                     "\"....\",\"1234\",4", end, "1...,1234,\"5\"", end, end);
    const absl::StatusOr<PuzzleFile> file = ParsePuzzleCsv(rows, "f.csv");
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_EQ(file->puzzles.size(), 3u);
    EXPECT_EQ(file->puzzles[1].rating, 4);
    EXPECT_EQ(file->puzzles[2].rating, 5);
    EXPECT_THAT(Message(absl::StrCat("question,rating", end, "....,1", end,
                                     "....,x", end)),
                HasSubstr("line 3: the rating \"x\""));
  }
}

TEST(PuzzleCsv, WhatSpreadsheetsMakeOfIt) {
  const absl::StatusOr<PuzzleFile> file = ParsePuzzleCsv(
      "\xEF\xBB\xBFsep=;\r\nquestion;answer;rating\r\n12..;1234;1,5\r\n",
      "f.csv");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->puzzles[0].rating, 2);
  EXPECT_THAT(Message("sep=;\nquestion;rating\n12..;x\n"),
              HasSubstr("line 3: "));
  EXPECT_THAT(Message("question,answer\n5.30E+80,5.35E+80\n"),
              HasSubstr("a spreadsheet rounded it as a number"));
  EXPECT_THAT(Message(absl::StrCat("question\n", std::string(80, '1'), "\n")),
              HasSubstr("did a spreadsheet drop leading zeros"));
  EXPECT_THAT(Message("question\n0000000000000001\n1\n"),
              Not(HasSubstr("zeros")));
}

TEST(PuzzleCsv, ARefusalShowsTheHeaderThatWasFound) {
  EXPECT_THAT(Message("id,sudoku_text,label\n1,2,3\n"),
              HasSubstr("f.csv, line 1: this is not a header of puzzles: "
                        "found \"id,sudoku_text,label\"; expected "
                        "source,question,answer,rating, of which question is "
                        "needed; puzzle and solution, or quizzes and"));
  EXPECT_THAT(Message("question,Question,answer\n"),
              HasSubstr("two columns are called question"));
  // The numbers could have any meaning.
  EXPECT_THAT(Message("1234123412341234,4321432143214321\n"),
              HasSubstr("this is not a header"));
  EXPECT_THAT(Message("\x1b[31m,b\n"), HasSubstr("found \"\\x1b[31m,b\""));
}

TEST(PuzzleCsv, RaggedRowsAreRefusedWithTheirLine) {
  EXPECT_THAT(Message("question,answer\n12..,1234\n12..\n"),
              HasSubstr("line 3: 1 fields, expected 2"));
  EXPECT_THAT(
      Message(std::string(kQuestion) + "," + kAnswer + "\n" + kQuestion + "\n"),
      HasSubstr("line 2: 1 fields, expected 2, as many as the first"));
}

TEST(PuzzleCsv, ReadsPackedFilesAndNamesOthers) {
  const std::string path = testing::TempDir() + "/packed.csv.zst";
  const std::string text = kHeader + kRow;
  ASSERT_TRUE(WriteFileAtomically(path, ZstdCompress(text)).ok());
  const auto file = ReadPuzzleCsv(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(PuzzleCsv(*file), text);
  ASSERT_TRUE(WriteFileAtomically(path, "<!DOCTYPE html><html></html>").ok());
  EXPECT_THAT(std::string(ReadPuzzleCsv(path).status().message()),
              HasSubstr("packed.csv.zst: a web page"));
}

}  // namespace
}  // namespace arctrm
