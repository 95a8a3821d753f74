// SPDX-License-Identifier: MIT
#include "kaggle/notebook.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/testing/program.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

NotebookOptions Options() {
  NotebookOptions options;
  options.id = "me/a-title-run";
  options.title = "A title run";
  options.dataset = "me/a-title";
  options.competition = "arc-prize-2025";
  options.accelerator = FindAccelerator("T4x2").value();
  return options;
}

std::string SourceOf(const Json& cell) {
  std::string text;
  for (const Json& line : cell["source"]) text += line.get<std::string>();
  return text;
}

TEST(Notebook, IsNbformat4WithUniqueCellIds) {
  const Json notebook = Json::parse(NotebookJson(Options()));
  EXPECT_EQ(notebook["nbformat"], 4);
  EXPECT_EQ(notebook["nbformat_minor"], 5);
  EXPECT_EQ(notebook["metadata"]["kernelspec"]["name"], "python3");
  EXPECT_EQ(notebook["metadata"]["kaggle"]["accelerator"], "nvidiaTeslaT4");
  EXPECT_EQ(notebook["metadata"]["kaggle"]["isInternetEnabled"], false);
  std::set<std::string> ids;
  int code = 0;
  for (const Json& cell : notebook["cells"]) {
    const std::string id = cell["id"];
    EXPECT_THAT(id, ::testing::MatchesRegex("[a-z-]+"));
    EXPECT_LE(id.size(), 64u);
    EXPECT_TRUE(ids.insert(id).second) << id;
    EXPECT_TRUE(cell["metadata"].is_object());
    EXPECT_FALSE(cell["source"].empty());
    // Every line but the last ends with a line feed.
    for (size_t i = 0; i < cell["source"].size(); ++i) {
      const std::string line = cell["source"][i];
      EXPECT_EQ(absl::EndsWith(line, "\n"), i + 1 < cell["source"].size());
    }
    if (cell["cell_type"] == "code") {
      ++code;
      EXPECT_TRUE(cell["outputs"].is_array());
      EXPECT_TRUE(cell["execution_count"].is_null());
    } else {
      EXPECT_EQ(cell["cell_type"], "markdown");
      EXPECT_FALSE(cell.contains("outputs"));
    }
  }
  EXPECT_EQ(code, 6);
}

TEST(Notebook, SaysWhatItWasMadeFor) {
  const std::string text = NotebookJson(Options());
  EXPECT_THAT(text, Not(HasSubstr("{{")));
  const Json notebook = Json::parse(text);
  const std::string about = SourceOf(notebook["cells"][0]);
  for (const char* part :
       {"# A title run", "`me/a-title`", "`arc-prize-2025`", "**T4x2**"}) {
    EXPECT_THAT(about, HasSubstr(part));
  }
  const Json& settings = notebook["cells"][1];
  EXPECT_EQ(settings["metadata"]["tags"][0], "parameters");
  EXPECT_THAT(SourceOf(settings), HasSubstr("EXPECTED_GPUS = 2  # T4x2"));
}

TEST(Notebook, EveryCodeCellCompilesAndSubmissionComesFirst) {
  const std::string dir = TestFolder();
  ASSERT_TRUE(
      WriteFileAtomically(JoinPath(dir, "n.ipynb"), NotebookJson(Options()))
          .ok());
  // Names must be defined before they are used.
  const ProgramResult result = RunProgram(
      {"/usr/bin/env", "python3", "-c",
       "import ast, builtins, json\n"
       "known = set(dir(builtins))\n"
       "for cell in json.load(open('n.ipynb'))['cells']:\n"
       "    if cell['cell_type'] != 'code': continue\n"
       "    text = ''.join(cell['source'])\n"
       "    compile(text, cell['id'], 'exec')\n"
       "    nodes = list(ast.walk(ast.parse(text)))\n"
       "    for n in nodes:\n"
       "        if isinstance(n, ast.Name) and not isinstance(n.ctx, "
       "ast.Load):\n"
       "            known.add(n.id)\n"
       "        elif isinstance(n, ast.FunctionDef): known.add(n.name)\n"
       "        elif isinstance(n, ast.arg): known.add(n.arg)\n"
       "        elif isinstance(n, ast.alias):\n"
       "            known.add((n.asname or n.name).split('.')[0])\n"
       "    for n in nodes:\n"
       "        if isinstance(n, ast.Name) and n.id not in known:\n"
       "            print(cell['id'], n.id)\n"},
      dir);
  if (result.exit_code == 127) GTEST_SKIP() << "no python3 here";
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST(Notebook, NoLineIsTooLongToRead) {
  for (const NotebookCell& cell : NotebookCells()) {
    size_t column = 0;
    for (const char letter : cell.text) {
      column = letter == '\n' ? 0 : column + 1;
      ASSERT_LE(column, 88u) << cell.file;
    }
  }
}

TEST(KernelMetadata, ACpuNotebookNamesNoMachine) {
  NotebookOptions options = Options();
  options.accelerator = FindAccelerator("none").value();
  const Json metadata = Json::parse(KernelMetadataJson(options));
  EXPECT_EQ(metadata["enable_gpu"], false);
  EXPECT_EQ(metadata["is_private"], true);
  EXPECT_FALSE(metadata.contains("machine_shape"));
  EXPECT_EQ(
      Json::parse(NotebookJson(options))["metadata"]["kaggle"]["accelerator"],
      "none");
}

}  // namespace
}  // namespace arctrm
