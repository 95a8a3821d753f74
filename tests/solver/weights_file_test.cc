// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weights_file.h"

#include <cstring>
#include <fstream>

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

// The refusal without its path, which stands in it once.
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
  // Packed, too.
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
    // Alone it is taken, and its counter passed over.
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
              HasSubstr("inner.H_init: no tensor: the pickle asks for "
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

TEST(WeightsFile, AFlippedBitIsFound) {
  TorchFile file;
  const std::string bytes = file.Zip(State(file, "inner.", 1));
  const auto whole = Read(bytes);
  ASSERT_TRUE(whole.ok()) << whole.status();
  // Numbers, names, shapes: all that is used stands before the directory.
  const size_t end = bytes.find("PK\x01\x02");
  size_t unseen = 0;
  for (size_t i = 0; i < end; ++i) {
    std::string damaged = bytes;
    damaged[i] ^= static_cast<char>(1 << (i % 8));
    unseen += Read(damaged).ok() ? 1 : 0;
  }
  // Dates, sizes and sums that the directory says once more, in four members.
  EXPECT_LE(unseen, 4u * (30 - 8));
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
       "the old form of torch.save (before PyTorch 1.6)"},
      {"\x80\x02}X\1\0\0\0"
       "aK\1s.",
       "a plain Python pickle"},
      {zip({{"w.npy", "a"}, {"b.npy", "b"}}), "a NumPy archive of 2 arrays"},
      {zip({{"run/model.pt", "a"}}), "it holds run/model.pt: unpack it"},
      {TorchFile::ZipOf({{"data.pkl", "\x80\2}."},
                         {"constants.pkl", "\x80\2)."},
                         {"code/a.py", ""}}),
       "a TorchScript archive"},
      {"{\"metadata\": {}, \"weight_map\": {\"a\": \"b\"}}",
       "the index of weights that stand in several files"},
      {std::string(4096, '\0'), "zeros alone"},
      {"some words of text", "no form of weights (it begins with \"some words"},
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
  EXPECT_THAT(refusal(), HasSubstr("a folder, expected a file of weights"));
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir, "step_9"), "a").ok());
  EXPECT_THAT(refusal(), HasSubstr("it holds step_9"));
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir, kSettingsFile), "{}").ok());
  EXPECT_THAT(refusal(), HasSubstr("an arctrm checkpoint already"));
  EXPECT_EQ(ReadWeightsFile(dir + "/none", "").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace arctrm::internal
