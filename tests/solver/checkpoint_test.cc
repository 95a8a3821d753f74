// SPDX-License-Identifier: MIT
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint_info.h"
#include "solver/nn/parameter_shapes.h"

namespace arctrm {
namespace {

class Checkpoint : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = JoinPath(
        testing::TempDir(),
        std::string("checkpoint_") +
            testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_TRUE(RemoveAll(dir_).ok());
    info_.model.hidden = 8;
    info_.model.heads = 2;
    info_.step = 12;
    info_.train_time_s = 3.25;
    info_.ids.num_ids = 4;
    TaskEmbeddings task;
    task.name = "a \"b\"";
    task.first_id = 1;
    task.augmentations.resize(3);
    task.augmentations[1].dihedral = 5;
    task.augmentations[2].colors = {0, 2, 1, 3, 4, 5, 6, 7, 8, 9};
    task.updates = {10, 0, 7};
    info_.ids.tasks = {task};
    info_.trained = {{"a \"b\"", true, {1, 0xFFFFFFFFFFFFFFFFu}}};
    // Embedding rows 1 to 3 are filled with 1, 2 and 6; their mean is 3.
    std::vector<float> table;
    for (float value : {0.0f, 1.0f, 2.0f, 6.0f}) {
      table.insert(table.end(), 8, value);
    }
    table_.assign(reinterpret_cast<const char*>(table.data()), 128);
    weights_ = internal::SafetensorsBytes(
        {{"inner.puzzle_emb.weights", "F32", {4, 8}, table_}}, {});
    ASSERT_TRUE(internal::WriteCheckpoint(dir_, info_,
                                          {{internal::kWeightsFile, weights_},
                                           {internal::kResumeFile, "resume"}})
                    .ok());
  }

  std::string dir_;
  CheckpointInfo info_;
  std::string table_;
  std::string weights_;
};

TEST_F(Checkpoint, DescriptionComesBackTheSame) {
  for (const std::string& path :
       {dir_, JoinPath(dir_, internal::kWeightsFile)}) {
    const auto back = ReadCheckpointInfo(path);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->model, info_.model);
    EXPECT_EQ(back->train, info_.train);
    EXPECT_EQ(back->step, 12);
    EXPECT_EQ(back->train_time_s, 3.25);
    EXPECT_EQ(back->ids, info_.ids);
    EXPECT_EQ(back->trained, info_.trained);
    EXPECT_TRUE(back->has_resume_state);
  }
}

TEST_F(Checkpoint, AnAbsentOneIsNotFound) {
  EXPECT_EQ(ReadCheckpointInfo(dir_ + "x").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(Checkpoint, DamageInAnyFileIsDataLossThatNamesIt) {
  for (const char* name : {internal::kIdsFile, internal::kWeightsFile}) {
    const std::string path = JoinPath(dir_, name);
    const auto whole = ReadFile(path);
    ASSERT_TRUE(whole.ok());
    std::string damaged = *whole;
    damaged[damaged.size() / 2] ^= 1;
    for (const std::string& content :
         {damaged, whole->substr(0, whole->size() - 1), std::string()}) {
      ASSERT_TRUE(WriteFileAtomically(path, content).ok());
      const auto read = internal::ReadCheckpointFile(dir_, name);
      EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
      EXPECT_THAT(std::string(read.status().message()),
                  testing::HasSubstr(name));
    }
    ASSERT_TRUE(WriteFileAtomically(path, *whole).ok());
  }
  const std::string settings = JoinPath(dir_, internal::kSettingsFile);
  const auto whole = ReadFile(settings);
  ASSERT_TRUE(whole.ok());
  for (size_t size = 0; size + 2 < whole->size(); size += 7) {
    ASSERT_TRUE(WriteFileAtomically(settings, whole->substr(0, size)).ok());
    EXPECT_EQ(ReadCheckpointInfo(dir_).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(Checkpoint, ANewerVersionIsFailedPrecondition) {
  const std::string settings = JoinPath(dir_, internal::kSettingsFile);
  auto text = ReadFile(settings);
  ASSERT_TRUE(text.ok());
  const size_t at = text->find("\"version\": 1");
  ASSERT_NE(at, std::string::npos);
  text->replace(at, 12, "\"version\": 9");
  ASSERT_TRUE(WriteFileAtomically(settings, *text).ok());
  EXPECT_EQ(ReadCheckpointInfo(dir_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(Checkpoint, ExportKeepsTheMeanRowAndWhatWasSeen) {
  const std::string out = dir_ + "_out";
  ASSERT_TRUE(RemoveAll(out).ok());
  ExportOptions options;
  options.mean_row = true;
  ASSERT_TRUE(ExportCheckpoint(dir_, out, options).ok());
  const auto back = ReadCheckpointInfo(out);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->ids.num_ids, 2);
  EXPECT_TRUE(back->ids.tasks.empty());
  EXPECT_EQ(back->trained, info_.trained);
  EXPECT_FALSE(back->has_resume_state);
  const auto file =
      internal::SafetensorsFile::Read(JoinPath(out, internal::kWeightsFile));
  ASSERT_TRUE(file.ok());
  const auto* table = file->Find("inner.puzzle_emb.weights");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->shape, (std::vector<int64_t>{2, 8}));
  std::vector<float> rows(16);
  std::copy_n(table->bytes.data(), 64, reinterpret_cast<char*>(rows.data()));
  EXPECT_THAT(rows, testing::ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3,
                                         3, 3, 3));
}

TEST_F(Checkpoint, ExportWithoutTheMeanRowKeepsAllButTheResumeState) {
  const std::string out = dir_ + "_all";
  ASSERT_TRUE(RemoveAll(out).ok());
  ASSERT_TRUE(ExportCheckpoint(dir_, out, ExportOptions()).ok());
  const auto back = ReadCheckpointInfo(out);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->ids, info_.ids);
  EXPECT_FALSE(back->has_resume_state);
  const auto bytes = ReadFile(JoinPath(out, internal::kWeightsFile));
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(*bytes, weights_);
}

TEST_F(Checkpoint, InfoTextNamesWhatIsIn) {
  const auto text = CheckpointInfoText(dir_, false);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, testing::HasSubstr("12 steps"));
  EXPECT_THAT(*text, testing::HasSubstr("inner.puzzle_emb.weights"));
  const auto json = CheckpointInfoText(dir_, true);
  ASSERT_TRUE(json.ok());
  EXPECT_THAT(*json, testing::HasSubstr("\"rows_updated\":2"));
}

TEST_F(Checkpoint, AnyFlippedBitOfTheDescriptionIsFound) {
  const std::string settings = JoinPath(dir_, internal::kSettingsFile);
  const auto whole = ReadFile(settings);
  ASSERT_TRUE(whole.ok());
  for (size_t i = 0; i < whole->size(); ++i) {
    std::string damaged = *whole;
    damaged[i] ^= static_cast<char>(1 << (i % 8));
    ASSERT_TRUE(WriteFileAtomically(settings, damaged).ok());
    EXPECT_FALSE(ReadCheckpointInfo(dir_).ok()) << i;
  }
  // Older checkpoints lack their own checksum.
  const size_t at = whole->find(",\n \"self_sha256\"");
  ASSERT_NE(at, std::string::npos);
  ASSERT_TRUE(
      WriteFileAtomically(settings, whole->substr(0, at) + "\n}\n").ok());
  EXPECT_TRUE(ReadCheckpointInfo(dir_).ok());
}

TEST_F(Checkpoint, ReadsTheOldNameOfEmbeddingInit) {
  const std::string settings = JoinPath(dir_, internal::kSettingsFile);
  const auto whole = ReadFile(settings);
  ASSERT_TRUE(whole.ok());
  std::string old =
      whole->substr(0, whole->find(",\n \"self_sha256\"")) + "\n}\n";
  const std::string present = "\"train.embedding_init\": \"mean\"";
  ASSERT_NE(old.find(present), std::string::npos);
  old.replace(old.find(present), present.size(),
              "\"train.new_rows\": \"match\"");
  ASSERT_TRUE(WriteFileAtomically(settings, old).ok());
  const auto back = ReadCheckpointInfo(dir_);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->train.embedding_init, "best_match");
  EXPECT_EQ(
      FirstDifference(back->train, info_.train),
      "train.embedding_init is best_match in the checkpoint and mean here");
}

// All tensors that the settings need; `change` may damage one.
std::string WholeWeights(
    const CheckpointInfo& info,
    const std::function<void(internal::ParameterShape&, std::vector<float>&)>&
        change) {
  std::vector<internal::ParameterShape> shapes =
      internal::ParameterShapes(info.model);
  const int64_t d = info.model.hidden;
  shapes.push_back({"inner.H_init", {d}});
  shapes.push_back({"inner.L_init", {d}});
  shapes.push_back({internal::kTableName, {info.ids.num_ids, d}});
  std::vector<std::vector<float>> numbers;
  std::vector<internal::TensorToWrite> tensors;
  for (internal::ParameterShape& shape : shapes) {
    int64_t count = 1;
    for (const int64_t size : shape.sizes) count *= size;
    numbers.emplace_back(static_cast<size_t>(count), 0.5f);
    change(shape, numbers.back());
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    tensors.push_back(
        {shapes[i].name, "F32", shapes[i].sizes,
         absl::string_view(reinterpret_cast<const char*>(numbers[i].data()),
                           numbers[i].size() * sizeof(float))});
  }
  return internal::SafetensorsBytes(tensors, {});
}

TEST_F(Checkpoint, CheckWeightsReadsEveryNumber) {
  const auto check = [&](const std::string& weights) {
    EXPECT_TRUE(internal::WriteCheckpoint(dir_, info_,
                                          {{internal::kWeightsFile, weights}})
                    .ok());
    return CheckWeights(dir_).status();
  };
  using Shape = internal::ParameterShape;
  using Numbers = std::vector<float>;
  const std::string whole = WholeWeights(info_, [](Shape&, Numbers&) {});
  EXPECT_TRUE(check(whole).ok());
  EXPECT_THAT(std::string(check(weights_).message()),
              testing::HasSubstr("lacks inner.embed_tokens.embedding_weight"));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          -std::numeric_limits<float>::infinity()}) {
    const absl::Status status =
        check(WholeWeights(info_, [bad](Shape& shape, Numbers& numbers) {
          if (shape.name == internal::kTableName) numbers[17] = bad;
        }));
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()),
                testing::HasSubstr("inner.puzzle_emb.weights: 1 of its 32 "
                                   "numbers are NaN or infinite, first number "
                                   "17"));
  }
  const absl::Status narrow =
      check(WholeWeights(info_, [](Shape& shape, Numbers& numbers) {
        if (shape.name != "inner.q_head.weight") return;
        shape.sizes[1] = 7;
        numbers.resize(14);
      }));
  EXPECT_THAT(std::string(narrow.message()),
              testing::HasSubstr(
                  "inner.q_head.weight is (2, 7), its settings need (2, 8)"));
  ASSERT_TRUE(check(whole).ok());
  const std::string path = JoinPath(dir_, internal::kWeightsFile);
  std::string flipped = whole;
  flipped[flipped.size() - 9] ^= 4;
  ASSERT_TRUE(WriteFileAtomically(path, flipped).ok());
  EXPECT_THAT(std::string(CheckWeights(dir_).status().message()),
              testing::HasSubstr(path + ": damaged"));
}

TEST_F(Checkpoint, OnlyCyclesAndStepsMayDiffer) {
  const auto info = ReadCheckpointInfo(dir_);
  ASSERT_TRUE(info.ok());
  ModelOptions model = info->model;
  model.h_cycles += 1;
  model.halt_max_steps += 1;
  EXPECT_TRUE(CheckSameNetwork(*info, model).ok());
  model.layers += 1;
  EXPECT_THAT(std::string(CheckSameNetwork(*info, model).message()),
              testing::HasSubstr("model.layers is 2 in the checkpoint and 3"));
}

}  // namespace
}  // namespace arctrm
