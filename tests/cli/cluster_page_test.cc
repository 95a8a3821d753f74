// SPDX-License-Identifier: MIT
// The commands of docs/cluster.md.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

// The lines in the code blocks of a page, with continued lines joined.
std::vector<std::string> CodeLines(const std::string& page) {
  std::vector<std::string> lines;
  bool code = false;
  for (absl::string_view line :
       absl::StrSplit(absl::StrReplaceAll(page, {{"\\\n", " "}}), '\n')) {
    if (absl::StartsWith(line, "```")) {
      code = !code;
    } else if (code) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

// The words after "arctrm" without variables of the shell; empty if the line
// does not call it.
std::vector<std::string> Arguments(const std::string& line) {
  std::vector<std::string> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  const auto program = std::find(words.begin(), words.end(), "arctrm");
  words.erase(words.begin(), program == words.end() ? program : program + 1);
  words.erase(std::remove_if(words.begin(), words.end(),
                             [](const std::string& word) {
                               return absl::StartsWith(word, "$");
                             }),
              words.end());
  return words;
}

class ClusterPageTest : public CliTest {};

TEST_F(ClusterPageTest, NamesOnlyOptionsThatExist) {
  const auto page = ReadFile(ARCTRM_CLUSTER_PAGE);
  ASSERT_TRUE(page.ok()) << page.status();
  int commands = 0;
  for (const std::string& line : CodeLines(*page)) {
    const std::vector<std::string> words = Arguments(line);
    if (words.empty()) continue;
    ++commands;
    const ProgramResult result = Arctrm(Joined(words, {"--help"}));
    EXPECT_EQ(result.exit_code, 0)
        << absl::StrJoin(words, " ") << ": " << result.err;
  }
  EXPECT_GE(commands, 9);
}

}  // namespace
}  // namespace arctrm
