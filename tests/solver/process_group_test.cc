// SPDX-License-Identifier: MIT
#include "solver/process_group.h"

#include <cstdlib>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using testing::HasSubstr;

// The process group for exactly these variables.
absl::StatusOr<ProcessGroup> From(
    const std::map<std::string, std::string>& variables) {
  for (const char* name :
       {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR",
        "MASTER_PORT", "TORCHELASTIC_USE_AGENT_STORE",
        "TORCHELASTIC_RESTART_COUNT", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID",
        "SLURM_LOCALID", "SLURM_NODEID", "SLURM_STEP_NODELIST",
        "SLURM_STEP_TASKS_PER_NODE", "SLURM_JOB_ID", "SLURM_STEP_ID",
        "SLURM_NTASKS", "ARCTRM_MEET_TIMEOUT", "ARCTRM_OPERATION_TIMEOUT"}) {
    unsetenv(name);
  }
  for (const auto& [name, value] : variables) {
    setenv(name.c_str(), value.c_str(), 1);
  }
  return ProcessGroupFromEnvironment();
}

TEST(ProcessGroupFromEnvironment, NoneIsAGroupOfOne) {
  EXPECT_EQ(*From({}), ProcessGroup());
  EXPECT_EQ(*From({{"RANK", "0"}, {"MASTER_PORT", "5"}}), ProcessGroup());
  EXPECT_EQ(*From({{"WORLD_SIZE", "1"}}), ProcessGroup());
}

TEST(ProcessGroupFromEnvironment, WhatTorchrunSets) {
  const auto group = From({{"RANK", "2"},
                           {"WORLD_SIZE", "4"},
                           {"LOCAL_RANK", "1"},
                           {"LOCAL_WORLD_SIZE", "2"},
                           {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                           {"TORCHELASTIC_RESTART_COUNT", "3"},
                           {"MASTER_ADDR", "10.0.0.7"},
                           {"MASTER_PORT", "29500"},
                           {"ARCTRM_MEET_TIMEOUT", "1.5"},
                           {"ARCTRM_OPERATION_TIMEOUT", "90"}});
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_EQ(group->rank, 2);
  EXPECT_EQ(group->size, 4);
  EXPECT_EQ(group->local_rank, 1);
  EXPECT_EQ(group->local_size, 2);
  EXPECT_TRUE(group->launcher_listens);
  EXPECT_EQ(group->restart, 3);
  EXPECT_EQ(group->address, "10.0.0.7");
  EXPECT_EQ(group->port, 29500);
  EXPECT_EQ(group->meet_timeout, absl::Milliseconds(1500));
  EXPECT_EQ(group->operation_timeout, absl::Seconds(90));
  const auto plain =
      From({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "29500"}});
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->local_rank, 1);
  EXPECT_EQ(plain->local_size, 0);
  EXPECT_FALSE(plain->launcher_listens);
  EXPECT_EQ(plain->address, "127.0.0.1");
}

// The variables of task 5 of 7 on three machines.
const std::map<std::string, std::string> kSlurm = {
    {"SLURM_STEP_NUM_TASKS", "7"},
    {"SLURM_PROCID", "5"},
    {"SLURM_LOCALID", "2"},
    {"SLURM_NODEID", "1"},
    {"SLURM_STEP_NODELIST", "gpu[07-08],login1"},
    {"SLURM_STEP_TASKS_PER_NODE", "3(x2),1"},
    {"SLURM_JOB_ID", "200505"},
    {"SLURM_STEP_ID", "4"}};

std::map<std::string, std::string> With(
    std::map<std::string, std::string> variables,
    const std::map<std::string, std::string>& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

TEST(ProcessGroupFromEnvironment, ReadsTheVariablesOfSrun) {
  const auto group = From(kSlurm);
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_EQ(group->rank, 5);
  EXPECT_EQ(group->size, 7);
  EXPECT_EQ(group->local_rank, 2);
  EXPECT_EQ(group->local_size, 3);
  EXPECT_EQ(group->address, "gpu07");
  EXPECT_EQ(group->port, 20000 + (101 * 200505 + 4) % 10000);
  EXPECT_FALSE(group->launcher_listens);
  // Another step of the job has another port.
  EXPECT_NE(From(With(kSlurm, {{"SLURM_STEP_ID", "5"}}))->port, group->port);
  // MASTER_ADDR and MASTER_PORT have precedence, and torchrun's variables too.
  const auto named =
      From(With(kSlurm, {{"MASTER_ADDR", "10.0.0.7"}, {"MASTER_PORT", "99"}}));
  EXPECT_EQ(named->address, "10.0.0.7");
  EXPECT_EQ(named->port, 99);
  EXPECT_EQ(From(With(kSlurm, {{"WORLD_SIZE", "1"}}))->size, 1);
  // A batch script is not a task of a step.
  EXPECT_EQ(*From({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}),
            ProcessGroup());
  EXPECT_EQ(*From({{"SLURM_STEP_NUM_TASKS", "1"},
                   {"SLURM_PROCID", "0"},
                   {"SLURM_LOCALID", "0"},
                   {"SLURM_STEP_NODELIST", "a"}}),
            ProcessGroup());
}

TEST(ProcessGroupFromEnvironment, TheFirstMachineOfAListOfSlurm) {
  const std::map<std::string, std::string> first_of = {
      {"login1", "login1"},
      {"a,b", "a"},
      {"gpu[3]", "gpu3"},
      {"gpu[003,7-9]", "gpu003"},
      {"a[1-2]b[7-9],c", "a1b7"},
      {"a[1-2].site.org,c", "a1.site.org"},
      {"node-1,node[2-4]", "node-1"}};
  for (const auto& [list, first] : first_of) {
    const auto group = From(With(kSlurm, {{"SLURM_STEP_NODELIST", list}}));
    ASSERT_TRUE(group.ok()) << group.status();
    EXPECT_EQ(group->address, first) << list;
  }
  const auto none = From(With(kSlurm, {{"SLURM_STEP_NODELIST", ""}}));
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("MASTER_ADDR"));
}

TEST(ProcessGroupFromEnvironment, TasksPerMachineOfSlurm) {
  const std::map<std::string, int> local_sizes = {
      {"4", 0}, {"4(x2)", 4}, {"1,4", 4}, {"1(x1),3(x4)", 3},
      {"x", 0}, {"", 0},      {"3(x)", 0}};
  for (const auto& [list, size] : local_sizes) {
    EXPECT_EQ(
        From(With(kSlurm, {{"SLURM_STEP_TASKS_PER_NODE", list}}))->local_size,
        size)
        << list;
  }
}

// Four processes, two per machine.
ProcessGroup Rank(int local_rank, int local_size) {
  ProcessGroup group;
  group.size = 4;
  group.rank = 2;
  group.local_rank = local_rank;
  group.local_size = local_size;
  return group;
}

TEST(CudaIndexOfRank, OneVisibleDeviceOrAllOfThem) {
  // A launcher shows each process its own device.
  EXPECT_EQ(*CudaIndexOfRank(Rank(0, 2), 1, "0"), 0);
  EXPECT_EQ(*CudaIndexOfRank(Rank(1, 2), 1, "1"), 0);
  EXPECT_EQ(*CudaIndexOfRank(Rank(3, 0), 1, "GPU-7a"), 0);
  // Each process sees all devices of its machine.
  EXPECT_EQ(*CudaIndexOfRank(Rank(0, 2), 2, ""), 0);
  EXPECT_EQ(*CudaIndexOfRank(Rank(1, 2), 2, ""), 1);
  EXPECT_EQ(*CudaIndexOfRank(Rank(1, 2), 8, "0,1,2,3,4,5,6,7"), 1);
  EXPECT_EQ(*CudaIndexOfRank(Rank(3, 0), 4, ""), 3);
  // One process per machine.
  EXPECT_EQ(*CudaIndexOfRank(Rank(0, 1), 1, ""), 0);
  EXPECT_EQ(*CudaIndexOfRank(Rank(0, 0), 1, ""), 0);
  // A process without a group uses the first device.
  EXPECT_EQ(*CudaIndexOfRank(ProcessGroup(), 8, ""), 0);
}

TEST(CudaIndexOfRank, RefusesMoreProcessesThanDevices) {
  EXPECT_EQ(CudaIndexOfRank(Rank(1, 2), 1, "").status().message(),
            "rank 2 is process 2 of 2 on this machine and sees 1 CUDA device; "
            "let each process see all devices of the machine or only its own, "
            "and start one process per device");
  // The first process knows it too.
  EXPECT_TRUE(
      absl::IsInvalidArgument(CudaIndexOfRank(Rank(0, 2), 1, "").status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(CudaIndexOfRank(Rank(0, 4), 2, "").status()));
  const absl::Status pairs = CudaIndexOfRank(Rank(3, 0), 2, "6,7").status();
  EXPECT_TRUE(absl::IsInvalidArgument(pairs));
  EXPECT_THAT(std::string(pairs.message()),
              HasSubstr("process 4 on this machine and sees 2 CUDA devices "
                        "(CUDA_VISIBLE_DEVICES=6,7)"));
}

TEST(CheckRankDevices, RefusesASharedDeviceAndMixedKinds) {
  EXPECT_TRUE(CheckRankDevices({"cpu", "cpu"}).ok());
  EXPECT_TRUE(CheckRankDevices({"cuda 01", "cuda 02", "cuda 03"}).ok());
  EXPECT_TRUE(CheckRankDevices({"cuda", "cuda"}).ok());
  EXPECT_EQ(CheckRankDevices({"cuda 01", "cuda 02", "cuda 01"}).message(),
            "rank 0 and rank 2 use the same device, cuda 01; give each process "
            "a device of its own");
  EXPECT_EQ(CheckRankDevices({"cuda 01", "cpu"}).message(),
            "rank 0 has the device cuda and rank 1 cpu; give all ranks the "
            "same --device");
}

TEST(ProcessGroupFromEnvironment, SaysWhichVariableIsWrong) {
  const std::map<std::string, std::string> good = {
      {"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "29500"}};
  const std::map<std::string, std::string> wrong = {
      {"RANK", "2"},          {"WORLD_SIZE", "x"},
      {"MASTER_PORT", "0"},   {"LOCAL_RANK", "-1"},
      {"RANK", ""},           {"ARCTRM_MEET_TIMEOUT", "0"},
      {"MASTER_PORT", "1e3"}, {"ARCTRM_OPERATION_TIMEOUT", "soon"}};
  for (const auto& [name, value] : wrong) {
    auto variables = good;
    variables[name] = value;
    const auto group = From(variables);
    EXPECT_EQ(group.status().code(), absl::StatusCode::kInvalidArgument)
        << name << "=" << value;
    EXPECT_THAT(std::string(group.status().message()), HasSubstr(name));
  }
}

}  // namespace
}  // namespace arctrm
