// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weights_file.h"

#include <array>
#include <cstring>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "base/compress.h"
#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/safetensors.h"
#include "tests/solver/torch_file.h"

namespace arctrm::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Put(const std::string& name, const std::string& bytes) {
  const std::string path = JoinPath(testing::TempDir(), "weights_" + name);
  EXPECT_TRUE(RemoveAll(path).ok());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

absl::StatusOr<FileWeights> Read(const std::string& bytes,
                                 const std::string& wanted = "",
                                 const std::string& name = "a.pt") {
  return ReadWeightsFile(Put(name, bytes), wanted);
}

// The error message without its path, which it contains once.
std::string Refusal(const std::string& bytes, const std::string& wanted = "",
                    const std::string& name = "a.pt") {
  const std::string path = Put(name, bytes);
  const auto weights = ReadWeightsFile(path, wanted);
  if (weights.ok()) return "read";
  const std::string message(weights.status().message());
  EXPECT_EQ(message.find(path), 0u) << message;
  EXPECT_EQ(message.find(path, 1), std::string::npos) << message;
  return message.substr(path.size());
}

// Weights whose numbers are all `value`.
std::string State(TorchFile& file, const std::string& prefix, float value) {
  return PickledDict(
      {{prefix + "embed_tokens.embedding_weight", file.Tensor({3, 2}, value)},
       {prefix + "H_init", file.Tensor({2}, value)}});
}

float First(const FileWeights& weights) {
  const auto it = weights.tensors.find("inner.H_init");
  float value = -1;
  if (it == weights.tensors.end()) return value;
  std::memcpy(&value, it->second.bytes.data() + it->second.offset * 4, 4);
  return value;
}

TEST(WeightsFile, ReadsTrainingStates) {
  TorchFile file;
  const std::string rng = file.Raw("ByteStorage", {4}, 4, "abcd");
  const std::string state = State(file, "_orig_mod.model.inner.", 7);
  const std::string bytes = file.Zip(PickledDict(
      {{"step", "K\x09"},
       {"config", "cconfig\nArch\n)\x81}" + PickledText("lr") + "K\x01sb"},
       {"loss", "cnumpy._core.multiarray\nscalar\n)R"},
       {"model_state_dict", state},
       {"optimizer_states",
        PickledDict({{"state", PickledDict({{"0", file.Tensor({2}, 1)}})}})},
       {"rng_state", rng}}));
  const auto weights = Read(bytes);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "model_state_dict");
  EXPECT_EQ(First(*weights), 7);
  EXPECT_EQ(weights->tensors.size(), 2u);
  EXPECT_THAT(weights->tensors.at("inner.embed_tokens.embedding_weight").shape,
              ElementsAre(3, 2));
  // Also compressed.
  const auto packed = Read(ZstdCompress(bytes), "", "a.pt.zst");
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_EQ(First(*packed), 7);
}

TEST(WeightsFile, TakesTheAveragedSetOrTheOneAskedFor) {
  TorchFile file;
  const std::string raw = State(file, "inner.", 1);
  const std::string mean = State(file, "inner.", 2);
  const std::string bytes =
      file.Zip(PickledDict({{"model", raw}, {"model_ema", mean}}));
  auto weights = Read(bytes);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "model_ema");
  EXPECT_TRUE(weights->averaged);
  EXPECT_THAT(weights->others, ElementsAre("model"));
  EXPECT_EQ(First(*weights), 2);
  weights = Read(bytes, "model");
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(First(*weights), 1);
  EXPECT_THAT(Refusal(bytes, "swa"), HasSubstr("there are model, model_ema"));
}

TEST(WeightsFile, AnAverageOfNothingIsNoDefault) {
  for (const int64_t count : {0, 3}) {
    TorchFile file;
    const std::string swa =
        "}(" + PickledText("n_averaged") + file.Long(count) +
        PickledText("module.inner.embed_tokens.embedding_weight") +
        file.Tensor({3, 2}, 5) + PickledText("module.inner.H_init") +
        file.Tensor({2}, 5) + "u";
    const std::string raw = State(file, "inner.", 1);
    const auto both =
        Read(file.Zip(PickledDict({{"swa_model", swa}, {"model", raw}})));
    ASSERT_TRUE(both.ok()) << both.status();
    EXPECT_EQ(First(*both), count == 0 ? 1 : 5);
    // Without other sets it is the default, and its counter is ignored.
    const auto alone = Read(file.Zip(swa));
    ASSERT_TRUE(alone.ok()) << alone.status();
    EXPECT_EQ(First(*alone), 5);
    EXPECT_THAT(alone->passed_over, ElementsAre("n_averaged"));
  }
}

TEST(WeightsFile, ARefusalTellsWhatIsThere) {
  TorchFile file;
  const std::string other = PickledDict(
      {{"fc.weight", file.Tensor({2}, 1)}, {"fc.bias", file.Tensor({1}, 1)}});
  EXPECT_THAT(Refusal(file.Zip(PickledDict(
                  {{"step", "K\x09"}, {"net", other}, {"opt", "}"}}))),
              HasSubstr("no weights of a TRM or HRM: no name ends with "
                        "embed_tokens.embedding_weight; at its top: step "
                        "(int), net (2 tensors), opt (dict of 0); save the "
                        "weights alone: torch.save(model.state_dict()"));
  const std::string evil = PickledDict(
      {{"embed_tokens.embedding_weight", file.Tensor({3, 2}, 1)},
       {"H_init", PickledCall("posix", "system", PickledText("ls"))}});
  EXPECT_THAT(Refusal(file.Zip(evil)),
              HasSubstr("inner.H_init: not a tensor: the pickle calls "
                        "posix.system"));
  EXPECT_THAT(
      Refusal(SafetensorsBytes({{"a", "F32", {1}, "1234"}}, {}), "", "a"),
      HasSubstr("at its top: a (1), F32"));
}

TEST(WeightsFile, NumbersOfOtherTypesAreNamed) {
  const auto with = [](const std::string& dtype, const std::string& bytes) {
    return SafetensorsBytes(
        {{"embed_tokens.embedding_weight", dtype, {2, 1}, bytes}}, {});
  };
  EXPECT_THAT(Refusal(with("F8_E4M3", "ab"), "", "a.safetensors"),
              HasSubstr("embed_tokens.embedding_weight has numbers of the type "
                        "F8_E4M3, which is not read; convert it"));
  EXPECT_THAT(Refusal(with("I8", "ab"), "", "a.safetensors"),
              HasSubstr("the type I8"));
  EXPECT_THAT(Refusal(with("F4", "a"), "", "a.safetensors"),
              HasSubstr("the type F4"));
  EXPECT_EQ(Refusal(with("BF16", "abcd"), "", "a.safetensors"), "read");
  TorchFile file;
  EXPECT_THAT(Refusal(file.Zip(
                  PickledDict({{"embed_tokens.embedding_weight",
                                file.Raw("QInt8Storage", {2, 1}, 2, "ab")}}))),
              HasSubstr("the type QInt8Storage"));
}

// All parameters and buffers of a network of one layer; numbers are `value`.
constexpr std::array<const char*, 12> kNames = {
    "embed_tokens.embedding_weight",
    "lm_head.weight",
    "q_head.weight",
    "q_head.bias",
    "L_level.layers.0.self_attn.qkv_proj.weight",
    "L_level.layers.0.self_attn.o_proj.weight",
    "L_level.layers.0.mlp.gate_up_proj.weight",
    "L_level.layers.0.mlp.down_proj.weight",
    "H_init",
    "L_init",
    "puzzle_emb.weights",
    ""};
std::vector<int64_t> ShapeOf(absl::string_view name) {
  if (name == "puzzle_emb.weights") return {5, 2};
  if (name == "q_head.bias" || absl::EndsWith(name, "_init")) return {2};
  return name.size() % 2 == 0 ? std::vector<int64_t>{3, 2}
                              : std::vector<int64_t>{2, 4};
}
bool IsBuffer(absl::string_view name) {
  return name == "puzzle_emb.weights" || absl::EndsWith(name, "_init");
}
PickledEntries Entries(TorchFile& file, const std::string& prefix, float value,
                       bool buffers, bool dots = true) {
  PickledEntries entries;
  for (const absl::string_view name : kNames) {
    if (name.empty() || (!buffers && IsBuffer(name))) continue;
    std::string whole = absl::StrCat("inner.", name);
    if (!dots) whole = absl::StrReplaceAll(whole, {{".", ""}});
    entries.emplace_back(prefix + whole, file.Tensor(ShapeOf(name), value));
  }
  return entries;
}
// Parameters as a list.
std::string PickledList(TorchFile& file, float value, size_t count) {
  std::string list = "](";
  for (const absl::string_view name : kNames) {
    if (name.empty() || IsBuffer(name) || count-- == 0) break;
    list += file.Tensor(ShapeOf(name), value);
  }
  return list + "e";
}

float NumberOf(const FileWeights& weights, const std::string& name) {
  const auto it = weights.tensors.find("inner." + name);
  float value = -1;
  if (it == weights.tensors.end()) return value;
  std::memcpy(&value, it->second.bytes.data() + it->second.offset * 4, 4);
  return value;
}

// EMAHelper of the published code saves only parameters.
TEST(WeightsFile, AnAverageOfParametersTakesBuffersFromTheRawWeights) {
  TorchFile file;
  const std::string raw =
      PickledDict(Entries(file, "_orig_mod.model.", 1, true));
  const std::string mean = PickledDict(Entries(file, "model.", 2, false));
  const auto weights = Read(file.Zip(PickledDict(
      {{"step", "K\x09"}, {"model_state_dict", raw}, {"ema", mean}})));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "ema");
  EXPECT_TRUE(weights->averaged);
  EXPECT_EQ(weights->tensors.size(), kNames.size() - 1);
  EXPECT_EQ(NumberOf(*weights, "lm_head.weight"), 2);
  EXPECT_EQ(NumberOf(*weights, "H_init"), 1);
  EXPECT_EQ(NumberOf(*weights, "puzzle_emb.weights"), 1);
  EXPECT_THAT(weights->remarks,
              ElementsAre("H_init, L_init, puzzle_emb.weights are taken from "
                          "model_state_dict: ema lacks them"));
}

TEST(WeightsFile, AnAverageOfSomeParametersIsNoDefault) {
  TorchFile file;
  const std::string raw = PickledDict(Entries(file, "", 1, true));
  PickledEntries some = Entries(file, "", 2, false);
  some.resize(3);
  const std::string bytes =
      file.Zip(PickledDict({{"model", raw}, {"ema", PickledDict(some)}}));
  auto weights = Read(bytes);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "model");
  EXPECT_THAT(weights->remarks,
              ElementsAre("ema lacks parameters that model has, so it is not "
                          "used"));
  weights = Read(bytes, "ema");
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(NumberOf(*weights, "lm_head.weight"), 2);
  EXPECT_EQ(NumberOf(*weights, "q_head.bias"), 1);
}

TEST(WeightsFile, ATiedParameterIsAveragedUnderBothNames) {
  TorchFile file;
  const std::string one = file.Tensor({3, 2}, 1);
  const std::string raw =
      PickledDict({{"inner.embed_tokens.embedding_weight", one},
                   {"inner.lm_head.weight", one},
                   {"inner.H_init", file.Tensor({2}, 1)}});
  const std::string mean = PickledDict(
      {{"inner.embed_tokens.embedding_weight", file.Tensor({3, 2}, 2)}});
  const auto weights =
      Read(file.Zip(PickledDict({{"model", raw}, {"ema", mean}})));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "ema");
  EXPECT_EQ(NumberOf(*weights, "lm_head.weight"), 2);
  EXPECT_EQ(First(*weights), 1);
  EXPECT_THAT(
      weights->remarks[0],
      HasSubstr("lm_head.weight is tied to embed_tokens.embedding_weight"));
}

// LitEma writes names without their dots.
TEST(WeightsFile, NamesWithoutDotsAreMatched) {
  for (const int64_t updates : {0, 5}) {
    TorchFile file;
    PickledEntries entries = Entries(file, "model.", 1, true);
    for (auto& entry : Entries(file, "model_ema.", 2, false, false)) {
      entries.push_back(std::move(entry));
    }
    entries.emplace_back("model_ema.decay", file.Tensor({}, 1));
    entries.emplace_back("model_ema.num_updates", file.Long(updates));
    const auto weights =
        Read(file.Zip(PickledDict({{"state_dict", PickledDict(entries)}})));
    ASSERT_TRUE(weights.ok()) << weights.status();
    EXPECT_EQ(weights->name,
              updates == 0 ? "state_dict" : "state_dict.model_ema");
    EXPECT_EQ(NumberOf(*weights, "lm_head.weight"), updates == 0 ? 1 : 2);
    EXPECT_EQ(NumberOf(*weights, "L_level.layers.0.mlp.down_proj.weight"),
              updates == 0 ? 1 : 2);
    EXPECT_EQ(First(*weights), 1);
  }
}

// torch_ema keeps a list in the order of parameters().
TEST(WeightsFile, AListOfAveragesHasTheNamesOfTheRawWeights) {
  const auto read = [](size_t count, const std::string& updates) {
    TorchFile file;
    const std::string raw = PickledDict(Entries(file, "", 1, true));
    const std::string ema =
        PickledDict({{"decay", "K\x01"},
                     {"num_updates", updates},
                     {"shadow_params", PickledList(file, 2, count)},
                     {"collected_params", PickledList(file, 3, count)}});
    return Read(file.Zip(PickledDict({{"model", raw}, {"ema", ema}})));
  };
  auto weights = read(8, "K\x07");
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "ema.shadow_params");
  EXPECT_EQ(NumberOf(*weights, "q_head.bias"), 2);
  EXPECT_EQ(First(*weights), 1);
  // Never updated: the raw weights.
  weights = read(8, std::string("K\0", 2));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "model");
  EXPECT_THAT(weights->remarks.back(), HasSubstr("num_updates is 0"));
  // Numbers as names.
  {
    TorchFile file;
    const std::string raw = PickledDict(Entries(file, "", 1, true));
    PickledEntries numbered;
    for (const auto& entry : Entries(file, "", 2, false)) {
      numbered.emplace_back(absl::StrCat(numbered.size()), entry.second);
    }
    weights = Read(file.Zip(
        PickledDict({{"model", raw}, {"ema", PickledDict(numbered)}})));
    ASSERT_TRUE(weights.ok()) << weights.status();
    EXPECT_EQ(weights->name, "ema");
    EXPECT_EQ(NumberOf(*weights, "q_head.bias"), 2);
  }
  // Another number of tensors.
  weights = read(7, "K\x07");
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "model");
  EXPECT_THAT(weights->remarks,
              ElementsAre("the file also holds an average without names "
                          "(ema.shadow_params, 7 tensors), which fits no "
                          "weights in it; not used"));
}

TEST(WeightsFile, OtherKindsOfTensorsSayWhatToDo) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"_rebuild_sparse_tensor",
       "a sparse tensor, which is not read; save "
       "tensor.to_dense()"},
      {"_rebuild_qtensor", "a quantized tensor"},
      {"_rebuild_nested_tensor", "a nested tensor"},
      {"_rebuild_meta_tensor_no_storage", "without numbers (device meta)"},
      {"_rebuild_new_kind", "a kind of tensor (new_kind)"}};
  for (const auto& [callee, words] : cases) {
    TorchFile file;
    EXPECT_THAT(
        Refusal(file.Zip(PickledDict(
            {{"embed_tokens.embedding_weight", file.Tensor({3, 2}, 1)},
             {"H_init", PickledCall("torch._utils", callee, "K\x01")}}))),
        testing::AllOf(HasSubstr("inner.H_init: "), HasSubstr(words)));
  }
}

// tensor.expand(): more numbers than the storage has.
TEST(WeightsFile, RepeatedNumbersAreReadButNotForEver) {
  const auto with = [](const std::vector<int64_t>& shape,
                       const std::vector<int64_t>& stride) {
    TorchFile file;
    std::string table = file.Tensor({1, 2}, 7);
    const std::string numbers = PickledTuple({1, 2}) + PickledTuple({2, 1});
    table.replace(table.find(numbers), numbers.size(),
                  PickledTuple(shape) + PickledTuple(stride));
    return file.Zip(
        PickledDict({{"embed_tokens.embedding_weight", file.Tensor({3, 2}, 1)},
                     {"H_init", file.Tensor({2}, 1)},
                     {"puzzle_emb.weights", table}}));
  };
  const auto weights = Read(with({50, 2}, {0, 1}));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_THAT(weights->tensors.at("inner.puzzle_emb.weights").shape,
              ElementsAre(50, 2));
  EXPECT_THAT(Refusal(with({1 << 30, 2}, {0, 1})),
              HasSubstr("inner.puzzle_emb.weights repeats the few numbers"));
  EXPECT_THAT(Refusal(with({50, 2}, {1, 1})), HasSubstr("exceeds its storage"));
}

// A saved module has PyTorch's keys around its weights.
TEST(WeightsFile, AWholeModuleIsRead) {
  TorchFile file;
  const auto module = [](const std::string& attributes) {
    return "c__main__\nBlock\n)\x81" + attributes + "b";
  };
  const auto with = [&](const std::string& parameters,
                        const std::string& modules) {
    return module(PickledDict({{"training", "\x88"},
                               {"_parameters", parameters},
                               {"_modules", modules}}));
  };
  const std::string leaf =
      with(PickledDict({{"weight", file.Tensor({2, 4}, 7)}}), "}");
  const std::string block = with(
      "}",
      PickledDict({{"mlp", with("}", PickledDict({{"down_proj", leaf}}))}}));
  const std::string layers = with("}", PickledDict({{"0", block}}));
  const std::string inner = with(
      PickledDict({{"H_init", file.Tensor({2}, 7)}}),
      PickledDict(
          {{"embed_tokens",
            with(PickledDict({{"embedding_weight", file.Tensor({3, 2}, 7)}}),
                 "}")},
           {"L_level", with("}", PickledDict({{"layers", layers}}))}}));
  const auto weights =
      Read(file.Zip(with("}", PickledDict({{"inner", inner}}))));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(First(*weights), 7);
  EXPECT_EQ(
      weights->tensors.count("inner.L_level.layers.0.mlp.down_proj.weight"),
      1u);
}

TEST(WeightsFile, TwoNamesOfOneDictAreTwoSets) {
  TorchFile file;
  const std::string twice = "}(" + PickledText("model") +
                            State(file, "inner.", 1) + "q\x01" +
                            PickledText("ema") + "h\x01u";
  const auto weights = Read(file.Zip(twice));
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name, "ema");
  EXPECT_THAT(weights->others, ElementsAre("model"));
}

TEST(WeightsFile, DescribesWhatIsThere) {
  TorchFile file;
  const std::string raw = PickledDict(Entries(file, "", 1, true));
  const std::string mean = PickledDict(Entries(file, "", 2, false));
  const std::string path =
      Put("info.pt", file.Zip(PickledDict({{"my model", raw}, {"ema", mean}})));
  const auto text = DescribeWeightsFile(path);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(
      *text, testing::AllOf(HasSubstr("\"my model\": 11 tensors, tokens 2 x 4"),
                            HasSubstr("ema: 8 tensors, tokens 2 x 4, "
                                      "averaged; the default"),
                            HasSubstr("next        arctrm checkpoint import " +
                                      path + " --out FOLDER")));
  EXPECT_FALSE(DescribeWeightsFile(Put("info.txt", "words")).ok());
}

TEST(WeightsFile, AFlippedBitIsFound) {
  TorchFile file;
  const std::string state = State(file, "inner.", 1);
  // Damage beside the weights counts too.
  const std::string bytes = file.Zip(
      PickledDict({{"model", state},
                   {"optimizer", PickledDict({{"0", file.Tensor({4}, 9)}})}}));
  const auto whole = Read(bytes);
  ASSERT_TRUE(whole.ok()) << whole.status();
  const size_t directory = bytes.find("PK\x01\x02");
  size_t unseen = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= static_cast<char>(1 << (i % 8));
    const auto read = Read(damaged);
    unseen += read.ok() && i < directory ? 1 : 0;
    if (!read.ok()) continue;
    // Undetected changes must not change the weights.
    EXPECT_EQ(First(*read), 1);
    EXPECT_EQ(read->tensors.size(), whole->tensors.size());
  }
  // In five members: required version, date and time.
  EXPECT_LE(unseen, 5u * 6);
}

TEST(WeightsFile, OtherFilesAreCalledByTheirName) {
  const auto zip =
      [](const std::vector<std::pair<std::string, std::string>>& members) {
        return TorchFile::ZipOf(members, "");
      };
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 28374\n",
       "a git-lfs pointer, not the file itself (28374 bytes)"},
      {"<!DOCTYPE html><html></html>", "a web page"},
      {"", "empty"},
      {"GGUF\3\0\0\0aaaaaaa", "a GGUF file"},
      {"\x93NUMPY\1\0v\0{'descr'", "a NumPy array"},
      {"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.",
       "the old form of torch.save (before PyTorch 1.6, or "
       "_use_new_zipfile_serialization=False)"},
      {"\x80\x02}X\1\0\0\0"
       "aK\1s.",
       "a plain Python pickle"},
      {zip({{"w.npy", "a"}, {"b.npy", "b"}}), "a NumPy archive of 2 arrays"},
      {TorchFile::ZipOf({{"byteorder", "little"}, {"version", "3\n"}}),
       "an incomplete file of torch.save"},
      {zip({{"run/model.pt", "a"}}), "it contains run/model.pt; unpack it"},
      {TorchFile::ZipOf({{"data.pkl", "\x80\2}."},
                         {"constants.pkl", "\x80\2)."},
                         {"code/a.py", ""}}),
       "a TorchScript archive"},
      {"{\"metadata\": {}, \"weight_map\": {\"a\": \"b\"}}",
       "the index of weights in several files"},
      {std::string(4096, '\0'), "zeros only"},
      {"some words of text", "not a weights file (it begins with \"some words"},
      {std::string(257, 'a') + std::string("ustar\0", 6), "a tar archive"},
      {std::string("\xff\0\0\0\0\0\0\0{\"a\"", 12), "the header claims 255"},
  };
  for (const auto& [bytes, words] : cases) {
    const std::string whole = bytes.rfind("\x80\x02}X", 0) == 0
                                  ? std::string("\x80\x02}X\1\0\0\0aK\1s.", 13)
                                  : bytes;
    EXPECT_THAT(Refusal(whole, "", "a.bin"), HasSubstr(words));
  }
  EXPECT_THAT(Refusal(std::string("\2\0\0\0\0\0\0\0{}", 10), "", "a.bin"),
              HasSubstr("a safetensors file without any tensors"));
}

TEST(WeightsFile, FoldersAreCalledByWhatTheyHold) {
  const std::string dir = JoinPath(testing::TempDir(), "weights_folder");
  const auto refusal = [&] {
    return std::string(ReadWeightsFile(dir, "").status().message());
  };
  ASSERT_TRUE(RemoveAll(dir).ok());
  ASSERT_TRUE(MakeDirectories(dir).ok());
  EXPECT_THAT(refusal(), HasSubstr("a folder, expected a weights file"));
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir, "step_9"), "a").ok());
  EXPECT_THAT(refusal(), HasSubstr("it contains step_9"));
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir, kSettingsFile), "{}").ok());
  EXPECT_THAT(refusal(), HasSubstr("already an arctrm checkpoint"));
  EXPECT_EQ(ReadWeightsFile(dir + "/none", "").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace arctrm::internal
