// SPDX-License-Identifier: MIT
#include "submission/partial.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AttemptRemarks, NoneForASoundSubmission) {
  EXPECT_THAT(AttemptRemarks(ReadSubmissionResult()), IsEmpty());
}

TEST(AttemptRemarks, CountsByKind) {
  ReadSubmissionResult read;
  read.empty = 3;
  read.faults = {"first", "second", "third"};
  EXPECT_THAT(AttemptRemarks(read),
              ElementsAre("3 attempts empty or null: counted as wrong; `arctrm "
                          "validate` says where"));
  read.missing = 1;
  read.malformed = 2;
  read.whole_floats = 1;
  EXPECT_THAT(
      AttemptRemarks(read),
      ElementsAre(HasSubstr("3 attempts empty or null, 1 attempt missing, 2 "
                            "attempts not a grid: counted"),
                  HasSubstr("1 grid has numbers written like 1.0"),
                  "3 faults, the first: first"));
}

TEST(AttemptRemarks, TasksThatStandAgain) {
  ReadSubmissionResult read;
  read.repeated = 2;
  read.faults = {"first", "second"};
  EXPECT_THAT(AttemptRemarks(read),
              ElementsAre(HasSubstr(
                  "2 tasks occur more than once: the first one counts")));
}

TEST(AttemptRemarks, OtherFaultsAreNamed) {
  ReadSubmissionResult read;
  read.faults = {"task a: occurs twice"};
  EXPECT_THAT(AttemptRemarks(read),
              ElementsAre("1 fault: task a: occurs twice"));
}

TEST(Coverage, WhatIsMissingAndWhatIsTooMuch) {
  const Grid grid = Grid::FromText("1");
  const Attempts both = {grid, grid};
  const SolutionSet solutions = {
      {"a", {grid}}, {"b", {grid, grid}}, {"c", {grid}}, {"d", {grid}}};
  const Coverage coverage = Compare(
      {{"a", {both}}, {"b", {both}}, {"c", {both, both}}, {"x", {both}}},
      solutions);
  EXPECT_THAT(
      CoverageRemarks(coverage, solutions.size()),
      ElementsAre(
          "1 of 4 tasks is missing: d",
          HasSubstr("1 test input of present tasks has no attempts: b[1]"),
          HasSubstr("1 task has more entries than test inputs: c"),
          HasSubstr("1 task has no solution and is not scored: x")));
  EXPECT_THAT(CoverageRemarks(Compare({{"a", {both}}}, {{"a", {grid}}}), 1),
              IsEmpty());
  // Unknown outputs are not missing.
  EXPECT_THAT(
      CoverageRemarks(Compare({{"a", {both}}}, {{"a", {grid, Grid()}}}), 1),
      IsEmpty());
}

}  // namespace
}  // namespace arctrm
