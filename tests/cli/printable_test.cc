// SPDX-License-Identifier: MIT
// Control, bidirectional and C1 characters in names, ids, fields and options do
// not reach a terminal.
#include "base/printable.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

// ESC, CSI of C1, right-to-left override, a byte that is not UTF-8.
constexpr char kEvilName[] = "\x1b[31m\xc2\x9b\xe2\x80\xae\xff";
constexpr char kShownName[] = "\\x1b[31m\\u009b\\u202e\\xff";
// The readers refuse ids with ASCII control characters.
constexpr char kEvilId[] =
    "x\xc2\x9b"
    "31m\xe2\x80\xae\xe2\x81\xa6";
constexpr char kShownId[] = "x\\u009b31m\\u202e\\u2066";

class PrintableTest : public CliTest {
 protected:
  // Runs arctrm and checks that its output is printable.
  std::string Printed(const std::vector<std::string>& args) {
    const ProgramResult result = Arctrm(args);
    EXPECT_GE(result.exit_code, 0);
    EXPECT_LE(result.exit_code, 3) << args[0];
    for (const std::string& text : {result.out, result.err}) {
      EXPECT_EQ(Printable(text, LineFeeds::kKept), text) << args[0];
    }
    return result.out + result.err;
  }
};

TEST_F(PrintableTest, NamesOfFiles) {
  const std::string name = absl::StrCat(kEvilName, "\n.json");
  Write(name, "{");
  const std::string shown = absl::StrCat(kShownName, "\\n.json");
  const std::vector<std::vector<std::string>> commands = {
      {"show", name},
      {"validate", "--challenges", name, "submission.json"},
      {"validate", "--challenges", "challenges.json", name},
      {"score", "--solutions", name, "submission.json"},
      {"augment", "--challenges", name, "--out", "d"},
      {"vote", "--ballots", name, "--challenges", "challenges.json", "--out",
       "o.json"},
      {"submit", "--merge", name, "--challenges", "challenges.json", "--out",
       "o.json"},
      {"report", "--run", name, "--out", "r.html"},
      {"puzzle", "check", name},
      {"checkpoint", "info", name},
      {"settings", name + "x"},
      {"show", "challenges.json", name},
      {"show", name + ".csv"},
  };
  for (const auto& command : commands) {
    EXPECT_THAT(Printed(command), HasSubstr(shown)) << command[0];
  }
}

TEST_F(PrintableTest, WordsOfTheCommandLine) {
  const std::string evil = absl::StrCat(kEvilName, "\r");
  const std::vector<std::vector<std::string>> commands = {
      {evil},
      {"run", "--" + evil},
      {"run", "--challenges", "c", "--out", "o", evil},
      {"run", "--challenges", "c", "--out", "o", "--steps", evil},
      {"run", "--challenges", "c", "--out", "o", "--time-limit", evil},
      {"run", "--challenges", "c", "--out", "o", "--device", evil},
      {"submit", "--merge", "submission.json:" + evil, "--challenges",
       "challenges.json", "--out", "o.json"},
      {"puzzle", "generate", evil, "--out", "x.csv"},
  };
  for (const auto& command : commands) {
    EXPECT_THAT(Printed(command), HasSubstr(kShownName)) << command[0];
  }
}

TEST_F(PrintableTest, IdsOfTasks) {
  const std::string id = absl::StrCat("\"", kEvilId, "\"");
  Write("c.json",
        absl::StrCat("{", id,
                     ":{\"train\":[{\"input\":[[1]],\"output\":[[2]]}],"
                     "\"test\":[{\"input\":[[3]]}]}}"));
  Write("s.json", absl::StrCat("{", id, ":[[[4]]]}"));
  Write("a.json",
        absl::StrCat("{", id, ":[{\"attempt_1\":[[4]],\"attempt_2\":[[5]]}]}"));
  Write("bad.json", absl::StrCat("{", id, ":[]}"));
  const std::vector<std::vector<std::string>> commands = {
      {"show", "c.json"},
      {"show", "s.json"},
      {"show", "a.json"},
      {"validate", "--challenges", "c.json", "bad.json"},
      {"score", "--solutions", "s.json", "--tasks", "a.json"},
  };
  for (const auto& command : commands) {
    EXPECT_THAT(Printed(command), HasSubstr(kShownId)) << command[1];
  }
  EXPECT_THAT(Arctrm({"show", "c.json", "--color", "always"}).out,
              HasSubstr(kShownId));
}

TEST_F(PrintableTest, IdsWithControlCharactersAreRefused) {
  Write("c.json", "{\"\\u001b[31m\":{\"train\":[],\"test\":[]}}");
  EXPECT_THAT(Printed({"show", "c.json"}), HasSubstr("control character"));
}

// JSON escapes the characters without losing them.
TEST_F(PrintableTest, JsonKeepsItsData) {
  const std::string id = absl::StrCat("\"", kEvilId, "\"");
  Write("s.json", absl::StrCat("{", id, ":[[[4]]]}"));
  Write("a.json",
        absl::StrCat("{", id, ":[{\"attempt_1\":[[4]],\"attempt_2\":[[5]]}]}"));
  const std::string out =
      Printed({"score", "--solutions", "s.json", "--json", "a.json"});
  const auto json = nlohmann::json::parse(out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << out;
  EXPECT_EQ(json["solved_outputs"][0].get<std::string>(),
            absl::StrCat(kEvilId, "[0]"));
}

TEST_F(PrintableTest, FieldsOfCsvAndTextsOfRuns) {
  Write("p.csv",
        absl::StrCat("source,question,answer,rating\n", "\x1b[31m\xc2\x9b",
                     ",1..4.4......4.21,1234341221434321,0\n"));
  EXPECT_THAT(Printed({"show", "p.csv"}), HasSubstr("\\x1b[31m\\u009b"));
  Write("bad.csv",
        absl::StrCat("source,question,answer,rating\nx,1\x1b[2J..4,,0\n"));
  Printed({"puzzle", "check", "bad.csv"});
  Write("header.csv", "\x1b[31m,b,c,d\nx,y,z,0\n");
  Printed({"puzzle", "check", "header.csv"});
  ASSERT_TRUE(MakeDirectories(Path("submission.json.run")).ok());
  Write("submission.json.run/run.json",
        absl::StrCat("{\"warnings\":[\"\\u001b[2J\\n", kEvilId, "\"]}"));
  EXPECT_THAT(
      Printed({"score", "--solutions", "solutions.json", "submission.json"}),
      HasSubstr(absl::StrCat("warning: \\x1b[2J\\n", kShownId)));
}

}  // namespace
}  // namespace arctrm
