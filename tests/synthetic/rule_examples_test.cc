// SPDX-License-Identifier: MIT
// A small grid with its answer for each rule and kind of setting.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "synthetic/rules.h"

namespace arctrm {
namespace {

struct Example {
  const char* rule;
  int parameter;
  const char* input;
  const char* output;
};

// Colours count from 1: of nine settings, setting 3 is colour 4. Directions
// are up, right, down, left.
constexpr Example kExamples[] = {
    {"flip", 0, "120 003", "021 300"},
    {"flip", 1, "120 003", "003 120"},
    {"rotate", 0, "12 34 56", "246 135"},
    {"rotate", 1, "12 34 56", "65 43 21"},
    {"rotate", 2, "12 34 56", "531 642"},
    {"transpose", 0, "12 34 56", "135 246"},
    {"transpose", 1, "12 34 56", "642 531"},
    {"shift", 0, "100 020 003", "020 003 100"},
    {"shift", 2, "100 020 003", "003 100 020"},
    {"shift", 3, "1200 0030", "2001 0300"},
    {"shift", 5, "100 020 003", "001 200 030"},
    {"concatenate", 0, "12 30", "1221 3003"},
    {"concatenate", 1, "12 30", "12 30 30 12"},
    {"concatenate", 2, "12 30", "2112 0330"},
    {"concatenate", 3, "12 30", "30 12 12 30"},
    {"concatenate", 4, "12 30", "1212 3030"},
    {"concatenate", 5, "12 30", "12 30 12 30"},
    {"upscale", 0, "10 02", "1100 1100 0022 0022"},
    {"recolor", 21, "330 517", "770 517"},
    {"swap_colors", 0, "123 011", "213 022"},
    {"invert", 0, "404 044", "040 400"},
    {"keep_color", 5, "612 066", "600 066"},
    {"majority", 0, "112 131", "111 111"},
    {"marker_color", 16, "123 505 055", "123 103 023"},
    {"marker_color", 17, "051 502 553", "011 202 333"},
    {"marker_color", 18, "505 123", "103 123"},
    {"marker_color", 19, "155 205", "111 202"},
    // The corner at the bottom right is open, as it lies on the edge.
    {"fill_enclosed", 3, "11100 10100 11100 00011 00010",
     "11100 14100 11100 00011 00010"},
    {"outline", 6, "0000 0300 0000 0000", "7770 7370 7770 0000"},
    {"hollow", 0, "2222 2222 2222", "2222 2002 2222"},
    {"hollow", 8, "222 222 222", "222 282 222"},
    {"border", 1, "100 030 005", "222 232 222"},
    {"denoise", 0, "4000 0033 0033", "0000 0033 0033"},
    {"gravity", 0, "010 200 030", "210 030 000"},
    {"gravity", 1, "100 203", "001 023"},
    {"gravity", 2, "12 00 30", "00 10 32"},
    {"gravity", 3, "010 203", "100 230"},
    {"ray", 0, "000 010", "010 010"},
    {"ray", 1, "1000 0030", "1111 0033"},
    {"ray", 2, "100 020 000", "100 120 120"},
    {"ray", 3, "1000 0030", "1000 3330"},
    {"connect", 0, "3003 2004 2101", "3333 2004 2111"},
    {"connect", 0, "2220 0001 2001", "2220 0001 2001"},
    {"connect", 1, "2003 0000 2030", "2003 2000 2030"},
    {"connect", 2, "3003 2000 0000 2000", "3333 2000 2000 2000"},
    {"cross", 0, "000 020 000", "000 222 000"},
    {"cross", 1, "000 020 000", "020 020 020"},
    {"cross", 2, "000 020 000", "020 222 020"},
    {"diagonal", 0, "0000 0300 0000", "3000 0300 0030"},
    {"diagonal", 1, "0000 0300 0000", "0030 0300 3000"},
    {"diagonal", 2, "0000 0300 0000", "3030 0300 3030"},
    {"keep_largest", 0, "1100 1100 0002 3000", "1100 1100 0000 0000"},
    {"recolor_largest", 6, "1100 1100 0002 3000", "7700 7700 0002 3000"},
    {"crop", 0, "0000 0120 0030 0000", "12 03"},
    {"count", 0, "0400 4000 0440", "444 400 000"},
    {"count", 1, "0400 4000 0440", "440 400 400"},
    {"count", 2, "0400 4000 0440", "000 400 444"},
    {"count", 7, "0400 4000 0440", "004 004 044"},
    {"symmetry", 0, "1200 3000", "1221 3003"},
    {"symmetry", 1, "00123", "32123"},
    {"symmetry", 2, "12 30 00 00", "12 30 30 12"},
    {"symmetry", 3, "00 12", "12 12"},
    {"stripes", 0, "11 22 11 00 00", "11 22 11 22 11"},
    {"stripes", 1, "00 00 11 22 11", "11 22 11 22 11"},
    {"stripes", 2, "12312000 12312000", "12312312 12312312"},
    {"stripes", 3, "00121 00121", "12121 12121"},
    {"overlay", 0, "1100 1010", "11 10"},
    {"overlay", 1, "1100 1010", "00 10"},
    {"overlay", 2, "1100 1010", "11 00"},
    {"overlay", 3, "10 01 11 00", "11 01"},
    {"overlay", 4, "10 01 11 00", "10 00"},
    {"overlay", 5, "10 01 11 00", "01 01"},
};

TEST(RuleExamples, EachIsSolvedAsByHand) {
  for (const Example& example : kExamples) {
    const auto rule =
        std::find_if(AllRules().begin(), AllRules().end(),
                     [&](const Rule& any) { return any.name == example.rule; });
    ASSERT_NE(rule, AllRules().end()) << example.rule;
    ASSERT_LT(example.parameter, rule->num_parameters) << example.rule;
    EXPECT_EQ(
        rule->solve(example.parameter, Grid::FromText(example.input)).ToText(),
        Grid::FromText(example.output).ToText())
        << example.rule << " " << example.parameter << " of " << example.input;
  }
}

TEST(RuleExamples, NoRuleIsWithoutOne) {
  std::set<std::string> shown;
  for (const Example& example : kExamples) shown.insert(example.rule);
  for (const Rule& rule : AllRules()) {
    EXPECT_EQ(shown.count(rule.name), 1u) << rule.name;
  }
}

}  // namespace
}  // namespace arctrm
