// SPDX-License-Identifier: MIT
// Weights from and to Python: tests/golden/imported was saved by it.
#include "solver/checkpoint_import.h"

#include <string>
#include <vector>

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/internal/act.h"
#include "solver/internal/checkpoint.h"
#include "solver/internal/checkpoint_files.h"
#include "solver/predictor.h"
#include "tests/solver/golden_tensors.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;

const char kState[] = ARCTRM_TEST_DATA "/imported/state_dict.pt";

ImportOptions Options() {
  ImportOptions options;
  options.model.heads = 2;
  options.model.h_cycles = 2;
  options.model.l_cycles = 2;
  options.model.halt_max_steps = 3;
  options.model.puzzle_prefix = 2;
  options.model.canvas_side = 4;
  options.model.position_side = 4;
  return options;
}

std::string Scratch(const std::string& name) {
  const std::string path = testing::TempDir() + "/import_" + name;
  EXPECT_TRUE(RemoveAll(path).ok());
  return path;
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

// Logits after all supervision steps, as the file expects them.
void ExpectPublishedLogits(const std::string& checkpoint) {
  const SafetensorsFile expected = ReadGolden("imported/expected");
  const auto info = ReadCheckpointInfo(checkpoint);
  ASSERT_TRUE(info.ok()) << info.status();
  const auto file = SafetensorsFile::Read(JoinPath(info->dir, kWeightsFile));
  ASSERT_TRUE(file.ok());
  Random random(0, "init");
  Model model(info->model, at::kCPU, at::kFloat, random);
  const auto table = LoadModelTensors(*file, info->ids.num_ids, model);
  ASSERT_TRUE(table.ok()) << table.status();
  at::NoGradGuard no_grad;
  const Tensor tokens = Golden(expected, "inputs").to(at::kLong);
  const Tensor rows = table->index_select(
      0, Golden(expected, "puzzle_identifiers").to(at::kLong));
  Latents latents = model.StartLatents(tokens.size(0));
  StepOutput out;
  for (int i = 0; i < info->model.halt_max_steps; ++i) {
    out = model.Step(latents, tokens, rows);
    latents = out.latents;
  }
  ExpectClose("imported logits", out.logits, Golden(expected, "logits"), 1e-5);
  ExpectClose("imported halting logits", out.q_halt_logits,
              Golden(expected, "q_halt_logits"), 1e-5);
}

TEST(ImportCheckpoint, GivesPythonsLogits) {
  const std::string out = Scratch("logits");
  const auto info = ImportCheckpoint(kState, out, Options());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->model.hidden, 32);
  EXPECT_EQ(info->model.layers, 1);
  EXPECT_EQ(info->model.positions, "learned");
  EXPECT_EQ(info->model.arch, "trm");
  EXPECT_EQ(info->ids.num_ids, 5);
  ExpectPublishedLogits(out);
}

TEST(ImportCheckpoint, ComesBackFromBothForms) {
  const std::string first = Scratch("first");
  ASSERT_TRUE(ImportCheckpoint(kState, first, Options()).ok());
  for (const std::string name : {"back.pt", "back.safetensors"}) {
    const std::string file = Scratch(name);
    ASSERT_TRUE(ExportWeights(first, file, "_orig_mod.model.").ok());
    const std::string second = Scratch(name + ".dir");
    const auto info = ImportCheckpoint(file, second, Options());
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(*ReadFile(JoinPath(first, kWeightsFile)),
              *ReadFile(JoinPath(second, kWeightsFile)));
    ExpectPublishedLogits(second);
  }
  EXPECT_THAT(Message(ExportWeights(first, Scratch("a.bin"), "")),
              HasSubstr("neither with .pt nor with .safetensors"));
}

TEST(ImportCheckpoint, KnowsWhoseRowsTheyAre) {
  const std::string names = Scratch("identifiers.json");
  // Out of order, as a reader must be ready for.
  ASSERT_TRUE(WriteFileAtomically(
                  names,
                  "[\"<blank>\", \"b|||t3|||0123456789\", \"a\", \"b\", "
                  "\"a|||t0|||0213456789\"]")
                  .ok());
  ImportOptions options = Options();
  options.identifiers = names;
  const std::string out = Scratch("named");
  const auto info = ImportCheckpoint(kState, out, options);
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_EQ(info->ids.tasks.size(), 2u);
  EXPECT_EQ(info->ids.tasks[0].name, "b");
  EXPECT_EQ(info->ids.tasks[0].first_id, 1);
  EXPECT_TRUE(info->ids.tasks[0].copies[0].IsIdentity());
  EXPECT_EQ(info->ids.tasks[0].copies[1].Key(), "t3|0123456789");
  EXPECT_EQ(info->ids.tasks[1].first_id, 3);
  EXPECT_EQ(info->trained.size(), 2u);
  // Row 3 of the file, "b", is now row 1.
  const std::string plain = Scratch("plain");
  ASSERT_TRUE(ImportCheckpoint(kState, plain, Options()).ok());
  const auto table = [](const std::string& dir) {
    const auto file = SafetensorsFile::Read(JoinPath(dir, kWeightsFile));
    return *GetTensor(*file, "inner.puzzle_emb.weights", {5, 32});
  };
  EXPECT_TRUE(at::equal(table(out)[1], table(plain)[3]));
  EXPECT_TRUE(at::equal(table(out)[2], table(plain)[1]));

  ASSERT_TRUE(WriteFileAtomically(names, "[\"<blank>\", \"a\"]").ok());
  EXPECT_THAT(
      Message(ImportCheckpoint(kState, Scratch("few"), options).status()),
      HasSubstr("names 2 rows, the file has 5"));
  ASSERT_TRUE(WriteFileAtomically(names, "{}").ok());
  EXPECT_THAT(
      Message(ImportCheckpoint(kState, Scratch("few"), options).status()),
      HasSubstr("a list of names"));
}

TEST(ImportCheckpoint, SaysWhichTensorDoesNotFit) {
  ImportOptions options = Options();
  options.model.canvas_side = 5;
  options.model.position_side = 5;
  const std::string out = Scratch("misfit");
  EXPECT_THAT(Message(ImportCheckpoint(kState, out, options).status()),
              HasSubstr("inner.embed_pos.embedding_weight is (18, 32), these "
                        "options need (27, 32)"));
  EXPECT_FALSE(FileExists(out));
  options = Options();
  options.model.expansion = 16;
  EXPECT_THAT(Message(ImportCheckpoint(kState, out, options).status()),
              HasSubstr("down_proj.weight is (32, 256)"));
}

TEST(ImportCheckpoint, DamagedFilesAreNamed) {
  const std::string bytes = *ReadFile(kState);
  const std::string file = Scratch("damaged.pt");
  const std::string out = Scratch("damaged");
  for (const size_t length : {0u, 1u, 100u, 5000u, 126000u}) {
    ASSERT_TRUE(WriteFileAtomically(file, bytes.substr(0, length)).ok());
    const absl::Status status = ImportCheckpoint(file, out, Options()).status();
    EXPECT_FALSE(status.ok()) << length;
    EXPECT_FALSE(FileExists(out));
  }
  EXPECT_THAT(Message(ImportCheckpoint("none.pt", out, Options()).status()),
              HasSubstr("none.pt"));
  ASSERT_TRUE(WriteFileAtomically(file, "\x80\x02}.").ok());
  EXPECT_THAT(Message(ImportCheckpoint(file, out, Options()).status()),
              HasSubstr("the old form of torch.save"));
  ASSERT_TRUE(WriteFileAtomically(out, "precious").ok());
  EXPECT_FALSE(ImportCheckpoint(kState, out, Options()).ok());
  EXPECT_EQ(*ReadFile(out), "precious");
}

TEST(AverageCheckpoints, TakesTheMean) {
  const std::string one = Scratch("one");
  ASSERT_TRUE(ImportCheckpoint(kState, one, Options()).ok());
  // The same with all numbers three times as large.
  const auto file = SafetensorsFile::Read(JoinPath(one, kWeightsFile));
  TensorMap tripled;
  for (const auto& [name, entry] : file->tensors()) {
    tripled.tensors.emplace_back(name, *GetTensor(*file, name, {}) * 3);
  }
  const std::string weights = Scratch("tripled.safetensors");
  ASSERT_TRUE(WriteFileAtomically(weights, ToSafetensors(tripled)).ok());
  const std::string three = Scratch("three");
  ASSERT_TRUE(ImportCheckpoint(weights, three, Options()).ok());
  const std::string mean = Scratch("mean");
  ASSERT_TRUE(AverageCheckpoints({one, three}, mean).ok());
  const auto result = SafetensorsFile::Read(JoinPath(mean, kWeightsFile));
  ASSERT_TRUE(result.ok());
  for (const auto& [name, entry] : file->tensors()) {
    EXPECT_LE(MaxError(*GetTensor(*result, name, {}),
                       *GetTensor(*file, name, {}) * 2),
              1e-6)
        << name;
  }
  ImportOptions other = Options();
  other.model.h_cycles = 3;
  const std::string different = Scratch("different");
  ASSERT_TRUE(ImportCheckpoint(kState, different, other).ok());
  EXPECT_THAT(Message(AverageCheckpoints({one, different}, mean)),
              HasSubstr("its network differs"));
}

}  // namespace
}  // namespace arctrm::internal
