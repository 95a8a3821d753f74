// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weight_sets.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/set_names.h"

namespace arctrm::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two weights behind each of `prefixes`, whose first `container` characters
// name a dict.
NamedContents Tensors(
    const std::vector<std::pair<std::string, std::string>>& prefixes) {
  NamedContents contents;
  for (const auto& [container, prefix] : prefixes) {
    for (const char* name : {"H_init", "embed_tokens.embedding_weight"}) {
      contents.tensors.push_back(
          {container + prefix + name, container.size(), true, {2}, ""});
    }
  }
  return contents;
}

std::vector<WeightSet> SetsOf(
    const std::vector<std::pair<std::string, std::string>>& prefixes) {
  return FindWeightSets(Tensors(prefixes)).sets;
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
  EXPECT_THAT(Names(SetsOf({{"", "_orig_mod.model.inner."}})),
              ElementsAre("top"));
  EXPECT_THAT(Names(SetsOf({{"", ""}})), ElementsAre("top"));
  EXPECT_THAT(
      Names(SetsOf({{"model.", "module.inner."},
                    {"state.net.", "model.inner."},
                    {"", "online.model.inner."},
                    {"", "ema_model.inner."},
                    {"a.model.inner.", ""}})),
      ElementsAre("model", "state.net", "online", "ema_model", "a.model"));
  // Two sets that would get the same name.
  EXPECT_THAT(Names(SetsOf({{"", "model.inner."}, {"", "module.inner."}})),
              ElementsAre("top", "module.inner"));
}

TEST(WeightSets, AveragedOnesAreTheDefault) {
  for (const char* name :
       {"model_ema", "ema", "emaModel", "ema0999", "ema_0.9999", "swa_model",
        "averaged_weights", "avg", "shadow", "state_dict_EMA"}) {
    const auto sets =
        SetsOf({{"model.", "inner."}, {std::string(name) + ".", "inner."}});
    EXPECT_EQ(Chosen(sets), sets[1].name) << name;
    EXPECT_EQ(Chosen(sets, "model"), "model");
  }
  for (const char* name : {"schema", "raw", "model2", "last"}) {
    EXPECT_EQ(Chosen(SetsOf(
                  {{"model.", "inner."}, {std::string(name) + ".", "inner."}})),
              "model")
        << name;
  }
}

TEST(WeightSets, TheWordNearestTheSetDecides) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"ema.online_model.", false},
      {"ema.ema_model.", true},
      {"no_ema.", false},
      {"non_ema.", false},
      {"nonEMA.", false},
      {"model_before_ema.", false},
      {"pre_ema.", false},
      {"without_ema.", false},
      {"not-averaged.", false},
      {"ema_off.", false},
      {"ema.backup.", false},
      {"raw_ema.", false},
      {"ema/original.", false},
      {"model_after_ema.", true},
      {"with_ema.", true},
      {"pretrained_ema.", true},
      {"ema_before_training.", true},
      {"exp_avg_run/model.", false},
      {"ema.model.", true},
      {"modelema.", true},
      {"noema.", false}};
  for (const auto& [name, averaged] : cases) {
    const auto sets = SetsOf({{name, "inner."}});
    ASSERT_EQ(sets.size(), 1u);
    EXPECT_EQ(sets[0].averaged, averaged) << name;
  }
  // A name around both sets describes neither.
  const auto sets =
      SetsOf({{"ema_run.model.", "inner."}, {"ema_run.ema.", "inner."}});
  EXPECT_FALSE(sets[0].averaged);
  EXPECT_TRUE(sets[1].averaged);
}

TEST(WeightSets, WhatAnOptimiserKeepsIsNoDefault) {
  const auto sets =
      SetsOf({{"optimizer.exp_avg.", "inner."}, {"net.", "inner."}});
  EXPECT_EQ(Chosen(sets), "net");
  EXPECT_EQ(Chosen(sets, "exp_avg"), "optimizer.exp_avg");
  EXPECT_THAT(Chosen(SetsOf({{"optim.state.", "inner."}})),
              HasSubstr("only the optimiser state"));
  EXPECT_THAT(Chosen(SetsOf({{"optimizers.0.state.", "inner."}})),
              HasSubstr("only the optimiser state"));
  EXPECT_EQ(
      Chosen(SetsOf(
          {{"opt.m.", "inner."}, {"opt.v.", "inner."}, {"params.", "inner."}})),
      "params");
  // Words alone do not make the state of an optimiser.
  for (const char* name : {"exp1", "exp", "adam_run/model", "momentum",
                           "optimizer_test", "grad_clip_1.model", "adam"}) {
    EXPECT_EQ(Chosen(SetsOf({{absl::StrCat(name, ".x."), "inner."}})),
              absl::StrCat(name, ".x"));
    EXPECT_EQ(Chosen(SetsOf({{absl::StrCat(name, "."), "inner."}})), name);
  }
}

TEST(WeightSets, AllNamesThatAreListedAreTaken) {
  const auto sets = SetsOf({{"a b.", "inner."},
                            {"c,d.", "inner."},
                            {"e\x1b[31m.", "inner."},
                            {"f/g.h.", "inner."},
                            {"a.b.model.", "inner."},
                            {"a.b.model.", "inner."},
                            {"a.b.model.", "inner."},
                            {"top.", "inner."},
                            {".", "inner."},
                            {"e\\x1b[31m.", "inner."}});
  ASSERT_EQ(sets.size(), 10u);
  for (const WeightSet& set : sets) {
    std::string name = ShownName(set);
    if (name.front() == '"') name = name.substr(1, name.size() - 2);
    EXPECT_EQ(Chosen(sets, name), set.name) << name;
    EXPECT_EQ(Chosen(sets, set.name), set.name) << name;
  }
  EXPECT_EQ(ShownName(sets[0]), "\"a b\"");
  EXPECT_EQ(ShownName(sets[2]), "e\\x1b[31m");
  EXPECT_EQ(Chosen(sets, "g.h"), "f/g.h");
  EXPECT_EQ(Chosen(sets, "h"), "f/g.h");
  EXPECT_THAT(Chosen(sets, "inner"), HasSubstr("several"));
}

TEST(WeightSets, ANameThatIsNotThereListsThoseThatAre) {
  const auto sets = SetsOf({{"a.model.", "inner."}, {"b.model.", "inner."}});
  EXPECT_EQ(Chosen(sets, "b.model"), "b.model");
  EXPECT_THAT(Chosen(sets, "c"),
              HasSubstr("no weights named \"c\"; there are a.model, b.model"));
  EXPECT_THAT(Chosen(sets, "model"), HasSubstr("several"));
  EXPECT_THAT(Chosen({}), HasSubstr("no weights of a TRM or HRM"));
}

TEST(WeightSets, CountersAreNoWeights) {
  NamedContents contents = Tensors({{"ema.", "module.model.inner."}});
  const auto add = [&](const std::string& path, size_t container, bool weight) {
    contents.tensors.push_back({path, container, weight, {2}, ""});
  };
  add("ema.n_averaged", 4, false);
  add("ema.module.model.inner.rotary_emb.cos_cached", 4, true);
  add("rng_state", 0, false);
  add("optimizer.state.0.exp_avg", 18, true);
  auto sets = FindWeightSets(contents).sets;
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_TRUE(sets[0].averaged);
  EXPECT_TRUE(sets[0].unknown.empty());
  EXPECT_THAT(sets[0].passed_over, ElementsAre(2, 3));
  // A weight that no model has is not ignored.
  add("ema.module.model.inner.extra.weight", 4, true);
  sets = FindWeightSets(contents).sets;
  EXPECT_THAT(sets[0].unknown, ElementsAre(6));
}

TEST(WeightSets, AnAverageThatWasNeverUpdatedIsNone) {
  struct Case {
    const char* container;  // of the average
    const char* counter;
    int64_t value;
    bool averaged;
  };
  for (const Case& c :
       std::vector<Case>{{"swa.module.", "swa.n_averaged", 0, false},
                         {"x.module.", "x.n_averaged", 4, true},
                         {"ema.shadow.", "ema.num_updates", 0, false},
                         {"ema.shadow.", "ema.num_updates", -1, true},
                         {"ema.shadow.", "ema.optimization_step", 0, false},
                         {"ema.ema_model.", "ema.initted", 0, false},
                         {"ema.ema_model.", "ema.step", 0, false},
                         {"ema.", "updates", 0, false},
                         // The step of the training.
                         {"ema.", "step", 0, true},
                         {"ema.", "other.num_updates", 0, true}}) {
    NamedContents contents =
        Tensors({{"model.", "inner."}, {c.container, "inner."}});
    contents.numbers.push_back({c.counter, c.value});
    const WeightSets found = FindWeightSets(contents);
    ASSERT_EQ(found.sets.size(), 2u);
    EXPECT_EQ(found.sets[1].averaged, c.averaged) << c.counter;
    EXPECT_EQ(found.sets[1].stale, !c.averaged) << c.counter;
    EXPECT_EQ(found.remarks.size(), c.averaged ? 0u : 1u) << c.counter;
    EXPECT_EQ(Chosen(found.sets), found.sets[c.averaged ? 1 : 0].name);
  }
  // PyTorch Lightning saves the average in the place of the weights.
  for (const int64_t count : {0, 3}) {
    NamedContents contents =
        Tensors({{"state_dict.", "model.inner."},
                 {"current_model_state.", "model.inner."}});
    contents.numbers.push_back({"averaging_state.n_averaged", count});
    EXPECT_EQ(Chosen(FindWeightSets(contents).sets),
              count == 0 ? "current_model_state" : "state_dict");
  }
}

TEST(WeightSets, NamesWithoutDotsAreKnown) {
  EXPECT_EQ(NameWithoutDots("model_ema.innerlm_headweight"), "lm_head.weight");
  EXPECT_EQ(NameWithoutDots("_orig_modmodelinnerq_headbias"), "q_head.bias");
  EXPECT_EQ(NameWithoutDots("innerL_levellayers11mlpdown_projweight"),
            "L_level.layers.11.mlp.down_proj.weight");
  EXPECT_EQ(NameWithoutDots("a.H_levellayers0self_attnqkv_projweight"),
            "H_level.layers.0.self_attn.qkv_proj.weight");
  EXPECT_EQ(NameWithoutDots("a.L_levellayersmlpdown_projweight"), std::nullopt);
  EXPECT_EQ(NameWithoutDots("a.decay"), std::nullopt);
  EXPECT_EQ(NameWithoutDots("a.H_init"), std::nullopt);
}

}  // namespace
}  // namespace arctrm::internal
