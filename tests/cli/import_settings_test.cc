// SPDX-License-Identifier: MIT
#include "cli/import_settings.h"

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

// Written like the file of the published code.
constexpr char kYaml[] =
    "arch:\n"
    "  H_cycles: 2\n"
    "  H_layers: 0\n"
    "  L_cycles: 6  # as in the paper\n"
    "  expansion: 4\n"
    "  halt_exploration_prob: 0.1\n"
    "  halt_max_steps: 8\n"
    "  hidden_size: 512\n"
    "  loss:\n"
    "    loss_type: stablemax_cross_entropy\n"
    "    name: losses@ACTLossHead\n"
    "    num_heads: 99\n"
    "  name: recursive_reasoning.trm@TinyRecursiveReasoningModel_ACTV1\n"
    "  no_ACT_continue: true\n"
    "  num_heads: 4\n"
    "  pos_encodings: 'rope'\n"
    "  puzzle_emb_len: 16\n"
    "  puzzle_emb_ndim: 512\n"
    "beta1: 0.9\n"
    "num_heads: 77\n";

std::string Weights(const std::string& name, const std::string& yaml) {
  const std::string dir = JoinPath(testing::TempDir(), "settings_" + name);
  EXPECT_TRUE(RemoveAll(dir).ok());
  EXPECT_TRUE(MakeDirectories(dir).ok());
  if (!yaml.empty()) {
    EXPECT_TRUE(
        WriteFileAtomically(JoinPath(dir, "all_config.yaml"), yaml).ok());
  }
  return JoinPath(dir, "step_9");
}

TEST(ImportSettings, ReadsThePublishedConfiguration) {
  EXPECT_THAT(
      PublishedSettings(kYaml),
      ElementsAre(
          Pair("model.H_cycles", "2"), Pair("model.L_cycles", "6"),
          Pair("model.continue_head", "false"), Pair("model.expansion", "4"),
          Pair("model.exploration", "0.1"), Pair("model.halt_max_steps", "8"),
          Pair("model.heads", "4"), Pair("model.positions", "rope"),
          Pair("model.puzzle_prefix", "16")));
  EXPECT_TRUE(PublishedSettings("").empty());
  EXPECT_TRUE(
      PublishedSettings("words\n\n: :\narch: 3\n  num_heads: 4").empty());
  // HRM gives no length, so it follows from the number of values.
  const auto hrm = PublishedSettings(
      "arch:\n    hidden_size: 512\n    puzzle_emb_ndim: 600\n");
  EXPECT_THAT(hrm, ElementsAre(Pair("model.puzzle_prefix", "2")));
  EXPECT_THAT(PublishedSettings("arch:\n  hidden_size: 8\n"
                                "  puzzle_emb_ndim: 0\n  puzzle_emb_len: 16\n"),
              ElementsAre(Pair("model.puzzle_prefix", "0")));
}

TEST(ImportSettings, SetOverridesFile) {
  ModelOptions model;
  auto settings = ApplyPublishedSettings(Weights("all", kYaml), {}, model);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(model.heads, 4);
  EXPECT_EQ(model.h_cycles, 2);
  EXPECT_EQ(model.halt_max_steps, 8);
  EXPECT_THAT(settings->text,
              AllOf(HasSubstr("model.heads = 4"), HasSubstr("all_config.yaml"),
                    Not(HasSubstr("note"))));
  model = {};
  model.heads = 2;
  settings =
      ApplyPublishedSettings(Weights("all", kYaml), {"model.heads=2"}, model);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(model.heads, 2);
  EXPECT_THAT(settings->text, HasSubstr("has other values (model.heads = 4)"));
  EXPECT_THAT(AssumedText(*settings, "arc", model),
              AllOf(HasSubstr("model.rope_theta = 10000"),
                    Not(HasSubstr("model.heads"))));
  EXPECT_FALSE(ApplyPublishedSettings(
                   Weights("bad", "arch:\n  num_heads: many\n"), {}, model)
                   .ok());
}

TEST(ImportSettings, ListsAssumedSettings) {
  ModelOptions model;
  const auto settings = ApplyPublishedSettings(Weights("none", ""), {}, model);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->text, "");
  EXPECT_THAT(
      AssumedText(*settings, "arc", model),
      AllOf(HasSubstr("model.heads = 8"), HasSubstr("model.H_cycles = 3"),
            HasSubstr("model.puzzle_prefix = 16"), HasSubstr("recipe arc")));
  model.mixer = true;
  model.positions = "none";
  EXPECT_THAT(AssumedText(*settings, "arc", model),
              AllOf(Not(HasSubstr("heads")), Not(HasSubstr("rope")),
                    Not(HasSubstr("prefix")), HasSubstr("H_cycles")));
}

}  // namespace
}  // namespace arctrm
