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
       {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT",
        "ARCTRM_MEET_TIMEOUT", "ARCTRM_OPERATION_TIMEOUT"}) {
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
                           {"MASTER_ADDR", "10.0.0.7"},
                           {"MASTER_PORT", "29500"},
                           {"ARCTRM_MEET_TIMEOUT", "1.5"},
                           {"ARCTRM_OPERATION_TIMEOUT", "90"}});
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_EQ(group->rank, 2);
  EXPECT_EQ(group->size, 4);
  EXPECT_EQ(group->local_rank, 1);
  EXPECT_EQ(group->address, "10.0.0.7");
  EXPECT_EQ(group->port, 29500);
  EXPECT_EQ(group->meet_timeout, absl::Milliseconds(1500));
  EXPECT_EQ(group->operation_timeout, absl::Seconds(90));
  const auto plain =
      From({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "29500"}});
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->local_rank, 1);
  EXPECT_EQ(plain->address, "127.0.0.1");
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
