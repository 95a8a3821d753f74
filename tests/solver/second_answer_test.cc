// SPDX-License-Identifier: MIT
#include "solver/predict/second_answer.h"

#include <cmath>
#include <vector>

#include "augment/canvas.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_predictor.h"

namespace arctrm {
namespace {

using internal::ChangeLeastCertainCell;
using internal::HoldsOtherGrid;

constexpr GridSize kSize = {3, 4};
constexpr int kVocabulary = kFirstColorToken + kNumColors;

std::vector<uint8_t> Tokens(const char* text) {
  return PartTokens(Grid::FromText(text), kSize);
}

// Logits: 1 for the token of each cell, 0 for others.
std::vector<float> LogitsOf(const std::vector<uint8_t>& tokens) {
  std::vector<float> logits(tokens.size() * kVocabulary);
  for (size_t i = 0; i < tokens.size(); ++i) {
    logits[i * kVocabulary + tokens[i]] = 1;
  }
  return logits;
}

float& Logit(std::vector<float>& logits, int row, int col, int color) {
  return logits[static_cast<size_t>((row * kSize.cols + col) * kVocabulary +
                                    kFirstColorToken + color)];
}

TEST(HoldsOtherGrid, LooksAtTheGridAlone) {
  const std::vector<uint8_t> tokens = Tokens("12 34");
  EXPECT_FALSE(HoldsOtherGrid(tokens, tokens, kSize));
  EXPECT_TRUE(HoldsOtherGrid(Tokens("12 35"), tokens, kSize));
  EXPECT_TRUE(HoldsOtherGrid(Tokens("12"), tokens, kSize));
  std::vector<uint8_t> beside = tokens;
  beside.back() = kFirstColorToken;
  EXPECT_FALSE(HoldsOtherGrid(beside, tokens, kSize));
  const std::vector<uint8_t> nothing(tokens.size(), 0);
  EXPECT_FALSE(HoldsOtherGrid(nothing, tokens, kSize));
  EXPECT_TRUE(HoldsOtherGrid(tokens, nothing, kSize));
}

TEST(ChangeLeastCertainCell, TakesTheSecondColourOfTheClosestCell) {
  const std::vector<uint8_t> tokens = Tokens("12 34");
  std::vector<float> logits = LogitsOf(tokens);
  Logit(logits, 0, 1, 7) = 0.5f;
  Logit(logits, 1, 0, 8) = 0.75f;
  Logit(logits, 1, 0, 9) = 0.625f;
  Logit(logits, 2, 3, 9) = 5;  // outside the grid
  // Tokens that are not colours never become the answer of a cell.
  logits[static_cast<size_t>(kSize.cols * kVocabulary)] = 0.9f;
  EXPECT_EQ(ChangeLeastCertainCell(tokens, kSize, logits), Tokens("12 84"));
}

TEST(ChangeLeastCertainCell, WithoutAGridThereIsNone) {
  const std::vector<uint8_t> nothing(static_cast<size_t>(kSize.cells()), 0);
  EXPECT_TRUE(
      ChangeLeastCertainCell(nothing, kSize, LogitsOf(nothing)).empty());
  const std::vector<uint8_t> tokens = Tokens("1");
  const std::vector<float> nan(tokens.size() * kVocabulary, std::nanf(""));
  EXPECT_TRUE(ChangeLeastCertainCell(tokens, kSize, nan).empty());
}

}  // namespace
}  // namespace arctrm
