// SPDX-License-Identifier: MIT
// Commands with a model are passed to arctrm-solver.
#include <sys/stat.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/cli_fixture.h"

namespace arctrm {
namespace {

using ::testing::HasSubstr;

class ExecSolverTest : public CliTest {
 protected:
  ExecSolverTest() {
    EXPECT_TRUE(MakeDirectories(Path("bin")).ok());
    Write("bin/arctrm", ReadFile(ARCTRM_PROGRAM).value());
    MakeExecutable("bin/arctrm");
  }
  void MakeExecutable(const std::string& name) {
    ASSERT_EQ(chmod(Path(name).c_str(), 0755), 0);
  }
  ProgramResult Copy(std::vector<std::string> args,
                     const ProgramOptions& options = {}) {
    args.insert(args.begin(), Path("bin/arctrm"));
    return RunProgram(args, dir_, options);
  }
};

constexpr char kScript[] =
    "#!/bin/sh\n"
    "echo \"policy=$OMP_WAIT_POLICY\"\n"
    "for word in \"$@\"; do echo \"<$word>\"; done\n"
    "exit 3\n";

TEST_F(ExecSolverTest, ErrorWithoutSolverSaysWhatToDo) {
  for (const std::vector<std::string>& call :
       std::vector<std::vector<std::string>>{
           {"run", "--challenges", "challenges.json", "--out", "out.json"},
           {"demo"},
           {"train", "--dataset", "data", "--out", "checkpoint"},
           {"predict", "--checkpoint", "c", "--challenges", "challenges.json",
            "--out", "ballots"},
           {"doctor"}}) {
    const ProgramResult result = Copy(call);
    EXPECT_EQ(result.exit_code, 1) << call[0];
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("bin/arctrm-solver"));
    EXPECT_THAT(result.err, HasSubstr("ARCTRM_WITH_TORCH"));
  }
  EXPECT_FALSE(Exists("out.json"));
}

TEST_F(ExecSolverTest, SolverGetsTheSameArguments) {
  Write("bin/arctrm-solver", kScript);
  MakeExecutable("bin/arctrm-solver");
  const ProgramResult result =
      Copy({"run", "--challenges", "a b.json", "c", "--out=x y", "--set",
            "train.batch=4", "--quiet", "--work", ""});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out,
            "policy=passive\n<run>\n<--challenges>\n<a b.json>\n<c>\n"
            "<--out=x y>\n<--set>\n<train.batch=4>\n<--quiet>\n<--work>\n"
            "<>\n");
}

TEST_F(ExecSolverTest, KeepsWaitPolicyOfUser) {
  Write("bin/arctrm-solver", kScript);
  MakeExecutable("bin/arctrm-solver");
  ProgramOptions options;
  options.environment = {"OMP_WAIT_POLICY=active"};
  EXPECT_THAT(Copy({"doctor"}, options).out, HasSubstr("policy=active\n"));
}

TEST_F(ExecSolverTest, FindsInstalledSolver) {
  ASSERT_TRUE(MakeDirectories(Path("libexec/arctrm")).ok());
  Write("libexec/arctrm/arctrm-solver", kScript);
  MakeExecutable("libexec/arctrm/arctrm-solver");
  EXPECT_THAT(Copy({"doctor", "--json"}).out, HasSubstr("<doctor>\n<--json>"));
}

TEST_F(ExecSolverTest, WrongUsageNeverReachesTheSolver) {
  Write("bin/arctrm-solver", kScript);
  MakeExecutable("bin/arctrm-solver");
  const ProgramResult result = Copy({"train", "--dataset", "d"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(Copy({"train", "--help"}).exit_code, 0);
}

}  // namespace
}  // namespace arctrm
