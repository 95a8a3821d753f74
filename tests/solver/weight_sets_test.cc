// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weight_sets.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace arctrm::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two weights behind each of `prefixes`, of which `container` names a dict.
std::vector<NamedTensor> Tensors(
    const std::vector<std::pair<std::string, std::string>>& prefixes) {
  std::vector<NamedTensor> tensors;
  for (const auto& [container, prefix] : prefixes) {
    for (const char* name : {"H_init", "embed_tokens.embedding_weight"}) {
      tensors.push_back({container + prefix + name, container.size(), true});
    }
  }
  return tensors;
}

std::vector<std::string> Names(const std::vector<WeightSet>& sets) {
  std::vector<std::string> names;
  for (const WeightSet& set : sets) names.push_back(set.name);
  return names;
}

std::string Chosen(const std::vector<WeightSet>& sets,
                   const std::string& wanted = "") {
  const auto place = ChooseWeights(sets, wanted);
  return place.ok() ? sets[*place].name : std::string(place.status().message());
}

TEST(WeightSets, KnowsThePublishedNames) {
  EXPECT_EQ(WeightNameStart("lm_head.weight"), 0u);
  EXPECT_EQ(WeightNameStart("_orig_mod.model.inner.q_head.bias"), 22u);
  EXPECT_EQ(WeightNameStart("a.L_level.layers.3.mlp.down_proj.weight"), 2u);
  EXPECT_EQ(WeightNameStart("my_lm_head.weight"), std::string::npos);
  EXPECT_EQ(WeightNameStart("lm_head.weight.exp_avg"), std::string::npos);
  EXPECT_EQ(WeightNameStart(""), std::string::npos);
}

TEST(WeightSets, AreCalledByWhatIsAround) {
  EXPECT_THAT(Names(FindWeightSets(Tensors({{"", "_orig_mod.model.inner."}}))),
              ElementsAre("top"));
  EXPECT_THAT(Names(FindWeightSets(Tensors({{"", ""}}))), ElementsAre("top"));
  EXPECT_THAT(
      Names(FindWeightSets(Tensors({{"model.", "module.inner."},
                                    {"state.net.", "model.inner."},
                                    {"", "online.model.inner."},
                                    {"", "ema_model.inner."},
                                    {"a.model.inner.", ""}}))),
      ElementsAre("model", "state.net", "online", "ema_model", "a.model"));
  // Two that would be called the same.
  EXPECT_THAT(Names(FindWeightSets(
                  Tensors({{"", "model.inner."}, {"", "module.inner."}}))),
              ElementsAre("top", "module.inner"));
}

TEST(WeightSets, AveragedOnesAreTheDefault) {
  for (const char* name :
       {"model_ema", "ema", "emaModel", "ema0999", "ema_0.9999", "swa_model",
        "averaged_weights", "avg", "shadow", "state_dict_EMA"}) {
    const auto sets = FindWeightSets(
        Tensors({{"model.", "inner."}, {std::string(name) + ".", "inner."}}));
    EXPECT_EQ(Chosen(sets), sets[1].name) << name;
    EXPECT_EQ(Chosen(sets, "model"), "model");
  }
  for (const char* name : {"schema", "raw", "model2", "last"}) {
    EXPECT_EQ(
        Chosen(FindWeightSets(Tensors(
            {{"model.", "inner."}, {std::string(name) + ".", "inner."}}))),
        "model")
        << name;
  }
}

TEST(WeightSets, WhatAnOptimiserKeepsIsNoDefault) {
  const auto sets = FindWeightSets(
      Tensors({{"optimizer.exp_avg.", "inner."}, {"net.", "inner."}}));
  EXPECT_EQ(Chosen(sets), "net");
  EXPECT_EQ(Chosen(sets, "exp_avg"), "optimizer.exp_avg");
  EXPECT_THAT(Chosen(FindWeightSets(Tensors({{"optim.state.", "inner."}}))),
              HasSubstr("only what an optimiser keeps"));
}

TEST(WeightSets, ANameThatIsNotThereListsThoseThatAre) {
  const auto sets =
      FindWeightSets(Tensors({{"a.model.", "inner."}, {"b.model.", "inner."}}));
  EXPECT_EQ(Chosen(sets, "b.model"), "b.model");
  EXPECT_THAT(Chosen(sets, "c"),
              HasSubstr("no weights called \"c\"; there are a.model, b.model"));
  EXPECT_THAT(Chosen(sets, "model"), HasSubstr("several"));
  EXPECT_THAT(Chosen({}), HasSubstr("no weights of a TRM or HRM"));
}

TEST(WeightSets, CountersAreNoWeights) {
  auto tensors = Tensors({{"ema.", "module.model.inner."}});
  tensors.push_back({"ema.n_averaged", 4, false});
  tensors.push_back({"ema.module.model.inner.rotary_emb.cos_cached", 4, true});
  tensors.push_back({"rng_state", 0, false});
  tensors.push_back({"optimizer.state.0.exp_avg", 18, true});
  auto sets = FindWeightSets(tensors);
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_TRUE(sets[0].averaged);
  EXPECT_EQ(sets[0].num_averaged, 2u);
  EXPECT_TRUE(sets[0].unknown.empty());
  EXPECT_THAT(sets[0].passed_over, ElementsAre(2, 3));
  // A weight that no model has is not passed over.
  tensors.push_back({"ema.module.model.inner.extra.weight", 4, true});
  sets = FindWeightSets(tensors);
  EXPECT_THAT(sets[0].unknown, ElementsAre(6));
}

}  // namespace
}  // namespace arctrm::internal
