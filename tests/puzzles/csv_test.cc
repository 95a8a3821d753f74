// SPDX-License-Identifier: MIT
#include "puzzles/csv.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using testing::HasSubstr;

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
  ASSERT_FALSE(file.ok());  // 8 characters are no square
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
              HasSubstr("line 2: the confidence \"1.5\" is no number"));
  EXPECT_THAT(Message(header + "a,12..,1234,3,nan\n"),
              HasSubstr("the confidence \"nan\""));
  EXPECT_THAT(Message(header + "a,12..,1234,3\n"),
              HasSubstr("line 2: 4 fields, expected 5"));
  EXPECT_THAT(Message("source,question,answer,rating,sure\n"),
              HasSubstr("line 1: the header is not"));
}

TEST(PuzzleCsv, NamesTheLineOfAFault) {
  EXPECT_THAT(Message(""), HasSubstr("f.csv: empty"));
  EXPECT_THAT(Message(kRow), HasSubstr("f.csv, line 1: the header is not"));
  EXPECT_THAT(Message(kHeader), HasSubstr("no puzzles"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12..,1234\n"),
              HasSubstr("line 3: 3 fields, expected 4"));
  EXPECT_THAT(Message(kHeader + "a,12..,1234,3,4\n"),
              HasSubstr("line 2: more than 4 fields"));
  EXPECT_THAT(Message(kHeader + kRow + "\n"), HasSubstr("line 3: 1 fields"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12...,1234,3\n"),
              HasSubstr("line 3: the question has 5 characters, expected 4"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12..,123,3\n"),
              HasSubstr("line 3: the answer has 3 characters"));
  EXPECT_THAT(Message(kHeader + kRow + "a,12.x,1234,3\n"),
              HasSubstr("line 3: character 4 of the question is none of a "
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

TEST(PuzzleCsv, LinesInQuotesCountToo) {
  const std::string rows = "\"a\nb\n\",12..,1234,3\n\"c\r\n\",....,,4\n";
  ASSERT_TRUE(ParsePuzzleCsv(kHeader + rows, "f.csv").ok());
  EXPECT_THAT(Message(kHeader + rows + "d,12.x,1234,3\n"),
              HasSubstr("line 7: character 4"));
  // Of a row over several lines the first one, wherever its fault is.
  EXPECT_THAT(Message(kHeader + rows + "\"d\ne\",12..,1234,hard\n"),
              HasSubstr("line 7: the rating"));
  EXPECT_THAT(Message(kHeader + rows + "\"d\ne"),
              HasSubstr("line 7: a quoted field does not end"));
}

TEST(PuzzleCsv, AnythingElseIsAnErrorAndNoCrash) {
  std::string bytes = kHeader + kRow;
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto file = ParsePuzzleCsv(bytes.substr(0, cut), "f.csv");
    // A row may end anywhere inside its rating.
    EXPECT_EQ(file.ok(), cut + 1 >= bytes.size()) << cut;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(0xff);
    ParsePuzzleCsv(changed, "f.csv").status().IgnoreError();
  }
}

}  // namespace
}  // namespace arctrm
