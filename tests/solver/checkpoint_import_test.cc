// SPDX-License-Identifier: MIT
// Weights from and to Python; PyTorch saved tests/golden/imported.
#include "solver/checkpoint_import.h"

#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "caffe2/serialize/inline_container.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/weights_file.h"
#include "solver/checkpoint/zip.h"
#include "solver/nn/act.h"
#include "solver/nn/parameter_shapes.h"
#include "solver/predictor.h"
#include "tests/solver/golden_tensors.h"
#include "tests/solver/torch_file.h"
#include "tests/testing/test_data.h"

namespace arctrm::internal {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string& kState =
    *new std::string(TestData("imported/state_dict.pt"));

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
              HasSubstr("expected a name that ends with .pt or .safetensors"));
}

TEST(ImportCheckpoint, KnowsWhoseRowsTheyAre) {
  const std::string names = Scratch("identifiers.json");
  // Out of order, which readers must accept.
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
  EXPECT_TRUE(info->ids.tasks[0].augmentations[0].IsIdentity());
  EXPECT_EQ(info->ids.tasks[0].augmentations[1].Key(), "t3|0123456789");
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
      HasSubstr("names 2 embedding rows, the file has 5"));
  const std::pair<const char*, const char*> kRefused[] = {
      {"{}", "not a list of names; expected identifiers.json"},
      {"", "the file is empty; expected identifiers.json"},
      {"[]", "the list is empty"},
      {"[1]", "entry 0 is not a name"},
      {"[\"<blank>\", \"a\"", "not JSON; expected identifiers.json"},
      {"<!DOCTYPE html><html>", "a web page"},
      {"404: Not Found", "an error message of a server"},
      {"[\"a\", \"b\", \"c\", \"d\", \"e\"]",
       "entry 0 is \"a\", not \"<blank>\""},
      {"[\"<blank>\", \"a\", \"b\", \"a\", \"c\"]",
       "entry 3 is \"a\", as entry 1 is"},
      {"[\"<blank>\", \"a\", \"b\", \"<blank>\", \"c\"]",
       "entry 3 is \"<blank>\", as entry 0 is"},
  };
  for (const auto& [text, says] : kRefused) {
    ASSERT_TRUE(WriteFileAtomically(names, text).ok());
    EXPECT_THAT(
        Message(ImportCheckpoint(kState, Scratch("few"), options).status()),
        HasSubstr(says))
        << text;
    EXPECT_FALSE(FileExists(Scratch("few")));
  }
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
              testing::AllOf(HasSubstr("down_proj.weight is (32, 256)"),
                             HasSubstr("gate_up_proj.weight is (512, 32)")));
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
              HasSubstr("a plain Python pickle"));
  ASSERT_TRUE(WriteFileAtomically(out, "precious").ok());
  EXPECT_FALSE(ImportCheckpoint(kState, out, Options()).ok());
  EXPECT_EQ(*ReadFile(out), "precious");
}

// The golden weights as a state dict; `change` may modify the bytes of a
// tensor.
std::string PickledState(
    TorchFile& file,
    const std::function<void(const std::string&, std::string&)>& change) {
  const auto weights = ReadWeightsFile(kState, "");
  EXPECT_TRUE(weights.ok()) << weights.status();
  PickledEntries entries;
  for (const auto& [name, raw] : weights->tensors) {
    std::string bytes(raw.bytes);
    change(name, bytes);
    entries.emplace_back(
        "_orig_mod.model." + name,
        file.Raw("FloatStorage", raw.shape,
                 static_cast<int64_t>(bytes.size() / 4), bytes));
  }
  return PickledDict(entries);
}
std::string PickledState(TorchFile& file) {
  return PickledState(file, [](const std::string&, std::string&) {});
}

TEST(ImportCheckpoint, FindsWeightsInATrainingState) {
  TorchFile file;
  const std::string zeros =
      PickledState(file, [](const std::string&, std::string& bytes) {
        bytes.assign(bytes.size(), '\0');
      });
  const std::string state = PickledState(file);
  const std::string path = Scratch("state.pt");
  ASSERT_TRUE(
      WriteFileAtomically(
          path, file.Zip(PickledDict(
                    {{"step", "K\x09"},
                     {"model_state_dict", zeros},
                     {"averaged", state},
                     {"rng_state", file.Raw("ByteStorage", {4}, 4, "abcd")}})))
          .ok());
  const std::string out = Scratch("state");
  ImportNotes notes;
  const auto info = ImportCheckpoint(path, out, Options(), &notes);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(notes.weights, "averaged");
  EXPECT_TRUE(notes.averaged);
  EXPECT_EQ(notes.others, std::vector<std::string>{"model_state_dict"});
  ExpectPublishedLogits(out);
  ImportOptions raw = Options();
  raw.weights = "model_state_dict";
  ASSERT_TRUE(ImportCheckpoint(path, out, raw).ok());
  const auto weights = SafetensorsFile::Read(JoinPath(out, kWeightsFile));
  ASSERT_TRUE(weights.ok());
  EXPECT_EQ(GetTensor(*weights, "inner.lm_head.weight", {})
                ->abs()
                .sum()
                .item<double>(),
            0);
}

// The golden weights without those in `leave_out`.
std::string StateWithout(TorchFile& file, const std::string& leave_out) {
  const auto weights = ReadWeightsFile(kState, "");
  EXPECT_TRUE(weights.ok()) << weights.status();
  PickledEntries entries;
  for (const auto& [name, raw] : weights->tensors) {
    if (name.find(leave_out) != std::string::npos) continue;
    entries.emplace_back(
        name, file.Raw("FloatStorage", raw.shape,
                       static_cast<int64_t>(raw.bytes.size() / 4), raw.bytes));
  }
  return PickledDict(entries);
}

TEST(ImportCheckpoint, MissingEmbeddingRowsAreSaid) {
  const std::string path = Scratch("rowless.pt");
  TorchFile file;
  ASSERT_TRUE(
      WriteFileAtomically(path, file.Zip(StateWithout(file, "puzzle_emb")))
          .ok());
  const std::string out = Scratch("rowless");
  ImportNotes notes;
  ASSERT_TRUE(ImportCheckpoint(path, out, Options(), &notes).ok());
  ASSERT_EQ(notes.remarks.size(), 1u);
  EXPECT_THAT(notes.remarks[0], HasSubstr("the file has no embedding rows"));
  const auto text = CheckpointInfoText(out, false);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("none was trained, all are zero"));
  // Named embedding rows must exist; with them there is no remark.
  const std::string names = Scratch("names.json");
  ASSERT_TRUE(WriteFileAtomically(names, "[\"<blank>\"]").ok());
  ImportOptions named = Options();
  named.identifiers = names;
  EXPECT_THAT(Message(ImportCheckpoint(path, Scratch("x"), named).status()),
              HasSubstr(path + ": lacks inner.puzzle_emb.weights"));
  ASSERT_TRUE(ImportCheckpoint(kState, out, Options(), &notes).ok());
  EXPECT_TRUE(notes.remarks.empty());
  EXPECT_THAT(*CheckpointInfoText(out, false), Not(HasSubstr("all are zero")));
}

// All puzzles share one embedding row, which every answer needs.
TEST(ImportCheckpoint, PuzzlesNeedTheirRow) {
  const auto weights = ReadWeightsFile(kState, "");
  ASSERT_TRUE(weights.ok());
  TorchFile file;
  PickledEntries entries;
  for (const auto& [name, raw] : weights->tensors) {
    if (name == kTableName) continue;
    std::string bytes(raw.bytes);
    std::vector<int64_t> shape = raw.shape;
    if (shape[0] == 12) {
      shape[0] = 11;
      bytes.resize(bytes.size() / 12 * 11);
    }
    entries.emplace_back(
        name, file.Raw("FloatStorage", shape,
                       static_cast<int64_t>(bytes.size() / 4), bytes));
  }
  const std::string path = Scratch("sudoku.pt");
  ASSERT_TRUE(WriteFileAtomically(path, file.Zip(PickledDict(entries))).ok());
  const std::string out = Scratch("sudoku");
  EXPECT_THAT(Message(ImportCheckpoint(path, out, Options()).status()),
              HasSubstr("lacks inner.puzzle_emb.weights, the embedding row of "
                        "all puzzles"));
  EXPECT_FALSE(FileExists(out));
  ImportOptions arc = Options();
  arc.model.canvas_side = 30;
  arc.model.position_side = 30;
  EXPECT_THAT(Message(ImportCheckpoint(path, out, arc).status()),
              HasSubstr("has the tokens of Sudoku, but the canvas is 30x30"));
}

TEST(ImportCheckpoint, ARefusalNamesTheOtherSets) {
  TorchFile file;
  const std::string raw = PickledState(file);
  const std::string wide =
      PickledDict({{"embed_tokens.embedding_weight", file.Tensor({12, 8}, 1)}});
  const std::string path = Scratch("others.pt");
  ASSERT_TRUE(WriteFileAtomically(
                  path, file.Zip(PickledDict({{"model", raw}, {"ema", wide}})))
                  .ok());
  const std::string out = Scratch("others");
  EXPECT_THAT(Message(ImportCheckpoint(path, out, Options()).status()),
              HasSubstr("(weight set ema; --weights NAME imports another one: "
                        "model)"));
  ImportOptions options = Options();
  options.weights = "model";
  EXPECT_TRUE(ImportCheckpoint(path, out, options).ok());
}

TEST(ImportCheckpoint, ParametersWithoutStartStatesSaySo) {
  const std::string path = Scratch("parameters.pt");
  TorchFile file;
  ASSERT_TRUE(
      WriteFileAtomically(path, file.Zip(StateWithout(file, "_init"))).ok());
  EXPECT_THAT(
      Message(ImportCheckpoint(path, Scratch("x"), Options()).status()),
      testing::AllOf(HasSubstr("lacks inner.H_init (32); lacks inner.L_init"),
                     HasSubstr("use a file that also contains the model's "
                               "state_dict")));
}

// Other files in or beside a checkpoint folder are not the checkpoint.
TEST(ImportCheckpoint, AFileOfOthersIsNoCheckpoint) {
  const std::string out = Scratch("folder");
  ASSERT_TRUE(ImportCheckpoint(kState, out, Options()).ok());
  const std::string other = JoinPath(out, "step_9.pt");
  ASSERT_TRUE(WriteFileAtomically(other, *ReadFile(kState)).ok());
  for (const std::string& path : {other, kState}) {
    EXPECT_THAT(Message(ReadCheckpointInfo(path).status()),
                HasSubstr("checkpoint import " + path + " --out FOLDER"));
    EXPECT_FALSE(CheckpointInfoText(path, true).ok());
    const auto text = CheckpointInfoText(path, false);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_THAT(*text, HasSubstr("weights     top: "));
    EXPECT_TRUE(LooksLikeWeights(path));
  }
  EXPECT_TRUE(ReadCheckpointInfo(JoinPath(out, kWeightsFile)).ok());
  ASSERT_TRUE(RemoveAll(JoinPath(out, kSettingsFile)).ok());
  EXPECT_THAT(Message(ReadCheckpointInfo(out).status()),
              HasSubstr("no checkpoint here"));
  EXPECT_FALSE(LooksLikeWeights(out));
}

// torch.serialization.set_crc32_options(False): all sums are 0.
TEST(ImportCheckpoint, ReadsFilesWithoutChecksums) {
  std::string zip;
  caffe2::serialize::PyTorchStreamWriter writer(
      [&zip](const void* data, size_t size) {
        zip.append(static_cast<const char*>(data), size);
        return size;
      },
      false);
  const std::string pickle = std::string("\x80\x02") + "}.";
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  writer.writeEndOfFile();
  const auto file = ZipFile::Open(BytesOf(zip));
  ASSERT_TRUE(file.ok()) << file.status();
  const ZipMember* member = file->Find("archive/data.pkl");
  ASSERT_NE(member, nullptr);
  const auto bytes = file->Read(*member, 1000);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, pickle);
}

TEST(ImportCheckpoint, ARefusalChangesNothing) {
  const std::string out = Scratch("kept");
  ASSERT_TRUE(ImportCheckpoint(kState, out, Options()).ok());
  const auto before = ReadFile(JoinPath(out, kWeightsFile));
  const std::string path = Scratch("bad.pt");
  const auto refusal = [&](const std::string& bytes) {
    EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
    const absl::Status status = ImportCheckpoint(path, out, Options()).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(*ReadFile(JoinPath(out, kWeightsFile)), *before);
    EXPECT_FALSE(FileExists(out + ".new"));
    return Message(status);
  };
  const auto with_number = [](const std::string& bits) {
    TorchFile file;
    return file.Zip(
        PickledState(file, [&](const std::string& name, std::string& bytes) {
          if (name == kTableName) bytes.replace(8, 4, bits);
        }));
  };
  EXPECT_THAT(refusal(with_number(std::string("\0\0\xc0\x7f", 4))),
              HasSubstr(path + ": inner.puzzle_emb.weights: 1 of its 160 "
                               "numbers are NaN or infinite, first number 2"));
  EXPECT_THAT(refusal(with_number(std::string("\0\0\x80\xff", 4))),
              HasSubstr("NaN or infinite"));
  std::string flipped = with_number("abcd");
  flipped[flipped.find("abcd")] ^= 1;
  EXPECT_THAT(refusal(flipped), HasSubstr("CRC-32"));
  // Also for published files.
  std::string golden = *ReadFile(kState);
  golden[golden.size() / 2] ^= 16;
  EXPECT_THAT(refusal(golden), HasSubstr("CRC-32"));
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
