// SPDX-License-Identifier: MIT
#include "arc/internal/json_fault.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

bool Parses(const std::string& text) {
  simdjson::dom::parser parser;
  if (parser.allocate(text.size(), kParserDepth) != simdjson::SUCCESS) {
    return false;
  }
  return parser.parse(text).error() == simdjson::SUCCESS;
}

std::string Nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') + "1" +
         std::string(static_cast<size_t>(depth), ']');
}

TEST(JsonFault, NothingInWhatIsJson) {
  for (const char* text :
       {"{}", "[]", "1", " {\"a\": [1, -2.5e-3, true, false, null]} \n",
        "\"\\u00e9\\ud83d\\ude00\\n\"", "\"\xC3\xA9\xF0\x9F\x98\x80\"",
        "18446744073709551615", "-9223372036854775808", "0", "-0", "1E5"}) {
    EXPECT_EQ(DescribeJsonFault(text), "") << text;
    EXPECT_TRUE(Parses(text)) << text;
  }
}

TEST(JsonFault, SaysLineColumnAndPath) {
  EXPECT_EQ(DescribeJsonFault("{\"a\":\n  {\"b\": [1, 2 3]}}"),
            "line 2, column 15 (a.b[1]): expected ',' or ']', found '3'");
  EXPECT_EQ(DescribeJsonFault("{\"a\": 1} x"),
            "line 1, column 10: expected nothing after the end of the "
            "document, found 'x'");
  EXPECT_EQ(DescribeJsonFault("[1, 2"),
            "line 1, column 6 ([1]): the file ends in the middle; was it "
            "written, copied or downloaded whole?");
  EXPECT_EQ(DescribeJsonFault(" \n"), "the file is empty");
}

TEST(JsonFault, EveryKindThatTheParserRefuses) {
  const struct {
    std::string text;
    std::string says;
  } kCases[] = {
      {"{a: 1}", "a key in quotes"},
      {"{\"a\" 1}", "':'"},
      {"{\"a\": 1,}", "column 8 (a): a comma before '}'"},
      {"[1,\n]", "line 1, column 3 ([0]): a comma before ']'"},
      {"[1,,2]", "a value"},
      {"[01]", "a 0 in front"},
      {"[1.]", "a digit"},
      {"[-]", "a digit"},
      {"[+1]", "a value"},
      {"[1e]", "a digit"},
      {"[NaN]", "found NaN, which JSON does not have"},
      {"[-Infinity]", "found -Infinity, which JSON does not have"},
      {"[undefined]", "found undefined, which JSON does not have"},
      {"[None]", "found None, which is Python"},
      {"{'a': 1}", "write the file with json.dump"},
      {"[1, // one\n2]", "found a comment, which JSON does not have"},
      {"{\"a\": 1 /* one */}", "found a comment"},
      {"{# one\n\"a\": 1}", "found a comment"},
      {"[tru]", "expected a value, found the word tru"},
      {"[nulL]", "found the word nulL"},
      {"[trues]", "found the word trues"},
      {"[null1]", "found the word null"},
      {"[\"a]", "the file ends in the middle"},
      {"{\"a\": 1}\n{\"b\": 2}",
       "line 2, column 1: a second JSON document begins here"},
      {"{\"a\": 1}[]", "a second JSON document begins here"},
      {"{\r\"a\": 1,\r\n\"b\": x}", "line 3, column 6"},
      {"[\"\\x\"]", "forbidden character after backslash"},
      {"[\"\\u12\"]", "'\\u' must be followed by 4 hex digits"},
      {"[\"\\ud800\"]", "surrogate U+D800..U+DBFF must be followed"},
      {"[\"\\udc00\"]", "surrogate U+DC00..U+DFFF must follow"},
      {"[\"a\tb\"]", "control character U+0009 (HT) must be escaped"},
      {"[\"\xFF\"]", "invalid string: ill-formed UTF-8 byte"},
      {"[\"\xC0\xAF\"]", "invalid string: ill-formed UTF-8 byte"},
      {"[\"\xED\xA0\x80\"]", "invalid string: ill-formed UTF-8 byte"},
      {"[\"\xF4\x90\x80\x80\"]", "invalid string: ill-formed UTF-8 byte"},
      {"[\"\xE2\x82", "the file ends in the middle"},
      {"[1] \xFF", "byte 0xff"},
      {"[1, \"a\\nb\": 2]", "column 11 ([1]): expected ',' or ']', found ':'"},
      {"{\"a\\nb\": x}", "column 10 (a\\nb): expected a value, found 'x'"},
      {"{\"a\": [0, 01]}", "column 12 (a[1]): a number with a 0 in front"},
      {"[18446744073709551616]", "18446744073709551616 is too large"},
      {"[-9223372036854775809]", "is too large"},
      {"[1e999]", "1e999 is too large"},
      {"[" + std::string(400, '9') + "]", "999... is too large"},
      {"[1}", "',' or ']'"},
      {"{\"a\":1]", "',' or '}'"},
      {"]", "a value"},
      {std::string("[1]\0", 4), "byte 0x00"},
      {Nested(kMaxJsonDepth + 1), "nested deeper than 16"},
      {std::string(100000, '['), "nested deeper than 16"},
  };
  for (const auto& [text, says] : kCases) {
    EXPECT_THAT(DescribeJsonFault(text), HasSubstr(says))
        << text.substr(0, 100);
    EXPECT_FALSE(Parses(text)) << text.substr(0, 100);
  }
}

TEST(JsonFault, ALineHasNoNumberAndIsNoFile) {
  EXPECT_EQ(DescribeJsonLineFault("{\"id\": \"b\""),
            "column 11 (id): the line ends in the middle");
  EXPECT_EQ(DescribeJsonLineFault("{} {}"),
            "column 4: a second JSON value begins here; expected one in a "
            "line");
}

TEST(JsonFault, DepthIsTheParsersOwn) {
  EXPECT_EQ(DescribeJsonFault(Nested(kMaxJsonDepth)), "");
  EXPECT_TRUE(Parses(Nested(kMaxJsonDepth)));
}

// Compares the verdicts of both on every mutation of a small document.
TEST(JsonFault, AgreesWithTheParserOnEveryByte) {
  const std::string good =
      "{\"a\": [0, -1.5e+2, {\"b\\u00e9\": null}],\n\"\xC3\xA9\": true}";
  ASSERT_TRUE(Parses(good));
  for (size_t i = 0; i <= good.size(); ++i) {
    const std::string cut = good.substr(0, i);
    EXPECT_EQ(DescribeJsonFault(cut).empty(), Parses(cut)) << cut;
    if (i == good.size()) continue;
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = good;
      changed[i] = static_cast<char>(byte);
      EXPECT_EQ(DescribeJsonFault(changed).empty(), Parses(changed)) << changed;
    }
  }
}

}  // namespace
}  // namespace arctrm
