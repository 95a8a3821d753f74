// SPDX-License-Identifier: MIT
// `arctrm bundle`: summary, warnings and checks beside WriteBundle.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BundleCommandTest : public CliTest {
 protected:
  BundleCommandTest() {
    for (const std::string name :
         {"absl", "simdjson", "zstd", "zlib", "CLI11", "nlohmann_json"}) {
      EXPECT_TRUE(MakeDirectories(Path("third/" + name)).ok());
      Write("third/" + name + "/CMakeLists.txt", "x");
      Write("third/" + name + "/LICENSE", "x");
    }
  }
  // Without --source the sources of this build are packed.
  ProgramResult Bundle(std::vector<std::string> more) const {
    more.insert(more.begin(),
                {"bundle", "--third-party", "third", "--out", "bundle"});
    return Arctrm(more);
  }
};

TEST_F(BundleCommandTest, PrintsContentsAndNextSteps) {
  const ProgramResult result = Bundle({"--owner", "me", "--recipe", "trelis"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("\n  source "), HasSubstr("\n  third_party "),
            HasSubstr("\n  total "),
            HasSubstr("kaggle datasets create -r zip -p bundle/dataset\n"),
            HasSubstr("me/arctrm-bundle-run:\n"),
            HasSubstr("kaggle kernels push -p bundle/notebook\n")));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("no --checkpoint"), HasSubstr("will compile"),
                    Not(HasSubstr("--owner"))));
  EXPECT_TRUE(Exists("bundle/dataset/source/kaggle/bundle.cc"));
  EXPECT_FALSE(Exists("bundle/dataset/source/tests"));
  EXPECT_EQ(Read("bundle/dataset/recipe.conf"),
            Read("bundle/dataset/source/recipes/trelis.conf"));
}

TEST_F(BundleCommandTest, RecipeWithMistakeIsRefused) {
  Write("mine.conf", "train.learning_rat = 1e-4\n");
  const ProgramResult result = Bundle({"--recipe", "mine.conf"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("mine.conf"), HasSubstr("train.learning_rat")));
  EXPECT_FALSE(Exists("bundle"));
}

TEST_F(BundleCommandTest, WrongInputWritesNothing) {
  EXPECT_THAT(Bundle({"--keep-rows"}).err, HasSubstr("needs --checkpoint"));
  EXPECT_THAT(Bundle({"--checkpoint", "tasks"}).err, HasSubstr("tasks"));
  EXPECT_THAT(Bundle({"--accelerator", "P100"}).err, HasSubstr("sm_60"));
  EXPECT_THAT(Bundle({"--source", "tasks"}).err, HasSubstr("--source"));
  EXPECT_EQ(Bundle({"--torch", "2.10.0"}).exit_code, 2);
  EXPECT_FALSE(Exists("bundle"));
}

}  // namespace
}  // namespace arctrm
