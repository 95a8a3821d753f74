// SPDX-License-Identifier: MIT
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "augment/dataset.h"
#include "augment/internal/dataset_index.h"
#include "augment/internal/dataset_shard.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/augment/random_tasks.h"
#include "tests/testing/test_data.h"

namespace arctrm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder name for this test; the folder does not exist.
std::string Fresh(const std::string& name = "dataset") {
  const testing::TestInfo& info =
      *testing::UnitTest::GetInstance()->current_test_info();
  const std::string dir = JoinPath(
      testing::TempDir(),
      absl::StrCat("augment_", info.test_suite_name(), "_", info.name()));
  EXPECT_TRUE(MakeDirectories(dir).ok());
  const std::string path = JoinPath(dir, name);
  EXPECT_TRUE(RemoveAll(path).ok());
  return path;
}

void Overwrite(const std::string& path, const std::string& bytes) {
  // Some file systems sync an overwritten file.
  std::remove(path.c_str());
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  ASSERT_TRUE(out.flush().good()) << path;
}

std::vector<std::string> NamesIn(const std::string& dir) {
  const auto names = ListFiles(dir);
  EXPECT_TRUE(names.ok()) << names.status();
  return names.ok() ? *names : std::vector<std::string>();
}

// The example in docs/formats.md and tests/golden/dataset_v1.
Dataset Example() {
  Dataset dataset;
  dataset.canvas.side = 4;
  dataset.seed = 7;
  dataset.augmentations_asked = 2;
  DatasetTask task;
  task.name = "t1";
  task.pairs = {{Grid::FromText("12"), Grid::FromText("2 1")}};
  task.test_inputs = {Grid::FromText("9")};
  Augmentation turned;
  turned.dihedral = 1;
  turned.colors = {0, 9, 8, 7, 6, 5, 4, 3, 2, 1};
  task.augmentations = {Augmentation(), turned};
  dataset.tasks = {task};
  task.name = "t1#2";
  task.pairs.push_back({Grid::FromText("9"), Grid::FromText("0")});
  task.test_inputs.clear();
  task.trains_on_test_pairs = true;
  task.augmentations.resize(1);
  dataset.tasks.push_back(task);
  return dataset;
}

Dataset RandomDataset(int tasks, int augmentations) {
  Random random(3, "files");
  DatasetSource source;
  for (int i = 0; i < tasks; ++i) {
    source.challenges.tasks.push_back(
        RandomTask(random, absl::StrCat("task", i), 30));
  }
  BuildOptions options;
  options.plan.augmentations = augmentations;
  options.plan.seed = 0xFFFFFFFFFFFFFFFFu;
  return *BuildDataset({source}, options);
}

TEST(DatasetFiles, RoundTrip) {
  for (const Dataset& dataset :
       {Example(), Dataset(), RandomDataset(40, 20), RandomDataset(1, 0)}) {
    const std::string dir = Fresh();
    const auto bytes = WriteDataset(dataset, dir);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto back = ReadDataset(dir);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, dataset);
    int64_t on_disk = 0;
    for (const std::string& name : NamesIn(dir)) {
      on_disk += static_cast<int64_t>(ReadFile(JoinPath(dir, name))->size());
    }
    EXPECT_EQ(*bytes, on_disk);
  }
}

TEST(DatasetFiles, ManyTasksFillSeveralShards) {
  const Dataset dataset = RandomDataset(40, 0);
  Dataset large = dataset;
  for (int i = 1; i < 80; ++i) {
    ASSERT_TRUE(AppendDataset(dataset, large).ok());
  }
  const std::string dir = Fresh();
  ASSERT_TRUE(WriteDataset(large, dir).ok());
  EXPECT_THAT(NamesIn(dir), ElementsAre("dataset.json", "shard-00000.zst",
                                        "shard-00001.zst"));
  const auto back = ReadDataset(dir);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, large);
}

TEST(DatasetFiles, SameDatasetSameBytes) {
  const std::string a = Fresh("a");
  const std::string b = Fresh("b");
  ASSERT_TRUE(WriteDataset(RandomDataset(5, 9), a).ok());
  ASSERT_TRUE(WriteDataset(RandomDataset(5, 9), b).ok());
  for (const std::string& name : NamesIn(a)) {
    EXPECT_EQ(*ReadFile(JoinPath(a, name)), *ReadFile(JoinPath(b, name)));
  }
}

TEST(DatasetFiles, ReplacesADatasetButNothingElse) {
  const std::string dir = Fresh();
  ASSERT_TRUE(WriteDataset(RandomDataset(3, 2), dir).ok());
  ASSERT_TRUE(WriteDataset(Example(), dir + "/").ok());
  EXPECT_EQ(*ReadDataset(dir + "/"), Example());
  EXPECT_FALSE(FileExists(FreshName(dir)));

  const std::string others = Fresh("others");
  ASSERT_TRUE(MakeDirectories(JoinPath(others, "photos")).ok());
  absl::Status status = WriteDataset(Example(), others).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("photos"));
  EXPECT_TRUE(IsDirectory(JoinPath(others, "photos")));

  const std::string file = Fresh("file");
  Overwrite(file, "text");
  status = WriteDataset(Example(), file).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*ReadFile(file), "text");
}

TEST(DatasetFiles, FoldersWithoutOne) {
  const std::string absent = Fresh();
  EXPECT_EQ(ReadDataset(absent).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(MakeDirectories(absent).ok());
  const absl::Status status = ReadDataset(absent).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("dataset.json"));
}

TEST(DatasetFiles, WhatTheFormatCannotHoldIsRefused) {
  Dataset dataset = Example();
  dataset.tasks[1].name = std::string(70000, 'x');
  EXPECT_EQ(WriteDataset(dataset, Fresh()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// The written example with one damaged file.
class DamagedDataset : public testing::TestWithParam<const char*> {
 protected:
  DamagedDataset() : dir_(Fresh(StdText(GetParam()))) {
    EXPECT_TRUE(WriteDataset(Example(), dir_).ok());
    path_ = JoinPath(dir_, GetParam());
    whole_ = *ReadFile(path_);
  }
  static std::string StdText(const char* text) {
    return absl::StrReplaceAll(text, {{".", "_"}});
  }
  absl::Status ReadWith(const std::string& bytes) {
    Overwrite(path_, bytes);
    return ReadDataset(dir_).status();
  }

  std::string dir_;
  std::string path_;
  std::string whole_;
};

TEST_P(DamagedDataset, TruncatedAnywhereIsDataLoss) {
  for (size_t size = 0; size < whole_.size(); ++size) {
    const absl::Status status = ReadWith(whole_.substr(0, size));
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss)
        << size << " of " << whole_.size() << ": " << status;
    ASSERT_THAT(std::string(status.message()), HasSubstr(path_));
  }
  EXPECT_TRUE(ReadWith(whole_).ok());
}

TEST_P(DamagedDataset, AnyBitFlippedIsDataLoss) {
  for (size_t i = 0; i < whole_.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole_;
      damaged[i] ^= static_cast<char>(1 << bit);
      const absl::Status status = ReadWith(damaged);
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss)
          << "byte " << i << " bit " << bit << ": " << status;
    }
  }
}

TEST_P(DamagedDataset, BytesBehindTheEndAreDataLoss) {
  EXPECT_EQ(ReadWith(whole_ + " ").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadWith(whole_ + whole_).code(), absl::StatusCode::kDataLoss);
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedDataset,
                         testing::Values("dataset.json", "shard-00000.zst"),
                         [](const auto& file) {
                           return std::string(file.index == 0 ? "Index"
                                                              : "Shard");
                         });

TEST(DatasetFiles, MissingShardIsDataLoss) {
  const std::string dir = Fresh();
  ASSERT_TRUE(WriteDataset(Example(), dir).ok());
  ASSERT_TRUE(RemoveAll(JoinPath(dir, "shard-00000.zst")).ok());
  const absl::Status status = ReadDataset(dir).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("shard-00000.zst"));
}

// The index with a corrected checksum.
std::string Resealed(std::string text) {
  const size_t at = text.find("\"self_sha256\": \"") + 16;
  text.replace(at, 64, std::string(64, '0'));
  return text.replace(at, 64, Sha256Hex(text));
}

TEST(DatasetFiles, AnotherFormatOrVersionIsFailedPrecondition) {
  const std::string dir = Fresh();
  ASSERT_TRUE(WriteDataset(Example(), dir).ok());
  const std::string path = JoinPath(dir, "dataset.json");
  const std::string text = *ReadFile(path);
  Overwrite(path, Resealed(text));
  ASSERT_TRUE(ReadDataset(dir).ok());

  Overwrite(path, Resealed(absl::StrReplaceAll(
                      text, {{"\"version\": 1", "\"version\": 3"}})));
  absl::Status status = ReadDataset(dir).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 3"));

  Overwrite(path, Resealed(absl::StrReplaceAll(
                      text, {{"arctrm-dataset", "arctrm-sudoku"}})));
  EXPECT_EQ(ReadDataset(dir).status().code(),
            absl::StatusCode::kFailedPrecondition);
  Overwrite(path, "{\"some\": \"other file\"}");
  EXPECT_EQ(ReadDataset(dir).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

// Reads a shard of these bytes with a matching index entry.
absl::Status ReadRaw(const std::string& raw, int64_t tasks,
                     Canvas canvas = Canvas{4}) {
  const std::string frame = ZstdCompress(raw);
  const DatasetIndex::Shard shard = {
      "shard-00000.zst", tasks, static_cast<int64_t>(frame.size()),
      static_cast<int64_t>(raw.size()), Sha256Hex(frame)};
  std::vector<DatasetTask> out;
  return ReadShard(frame, shard, canvas, "shard", &out);
}

std::string ExampleRaw() {
  ShardWriter writer;
  for (const DatasetTask& task : Example().tasks) {
    EXPECT_TRUE(writer.Add(task).ok());
  }
  return std::move(writer).Finish();
}

// The bytes shown in docs/formats.md.
TEST(DatasetShard, BytesAreAsDocumented) {
  const unsigned char expected[] = {
      'A', 'R', 'C', 'T',  'R',  'M',  'D', 'S',  // magic
      1,   0,   0,   0,                           // version
      2,   0,   0,   0,                           // tasks
      2,   0,   't', '1',  0,                     // name, flags
      1,   0,   0,   0,    1,    0,    0,   0,    // pairs, test inputs
      2,   0,   0,   0,                           // augmentations
      1,   2,   1,   2,    2,    1,    2,   1,    // the pair
      1,   1,   9,                                // the test input
      0,   0,   0,   0x7F, 0x89, 0x0D,            // two augmentations
      4,   0,   't', '1',  '#',  '2',  1,         // name, flags
      2,   0,   0,   0,    0,    0,    0,   0,    // pairs, test inputs
      1,   0,   0,   0,                           // augmentations
      1,   2,   1,   2,    2,    1,    2,   1,    // first pair
      1,   1,   9,   1,    1,    0,               // second pair
      0,   0,   0};                               // the identity
  EXPECT_EQ(ExampleRaw(), std::string(reinterpret_cast<const char*>(expected),
                                      sizeof(expected)));
}

TEST(DatasetShard, DamageBelowTheChecksumsIsFoundToo) {
  const std::string raw = ExampleRaw();
  ASSERT_TRUE(ReadRaw(raw, 2).ok());
  for (size_t size = 16; size < raw.size(); ++size) {
    const absl::Status status = ReadRaw(raw.substr(0, size), 2);
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    ASSERT_THAT(std::string(status.message()), HasSubstr("at byte "));
  }
  const struct {
    size_t at;
    int value;
    const char* says;
  } kCases[] = {
      {12, 1, "holds 1 tasks, but the index says 2"},
      {16, 0, "without a name"},
      {20, 2, "unknown flags"},
      {21, 0, "without pairs"},
      {24, 1, "more than the shard holds"},
      {28, 0x7F, "more than the shard holds"},
      {29, 0, "without augmentations"},
      {32, 0xFF, "more than the shard holds"},
      {33, 0, "a grid of 0 by 2"},
      {34, 5, "a grid of 1 by 5 on a canvas of 4 by 4"},
      {35, 10, "a cell of colour 10"},
      {44, 1, "the first augmentation is not the identity"},
      {49, 0xFF, "is not an augmentation"},
  };
  for (const auto& [at, value, says] : kCases) {
    std::string damaged = raw;
    damaged[at] = static_cast<char>(value);
    const absl::Status status = ReadRaw(damaged, 2);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << at;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says)) << at;
  }
  EXPECT_THAT(std::string(ReadRaw(raw + "x", 2).message()),
              HasSubstr("behind the last task"));
  EXPECT_EQ(ReadRaw(raw, 2, Canvas{1}).code(), absl::StatusCode::kDataLoss);
}

TEST(DatasetShard, RandomDamageNeverGetsThroughUnchecked) {
  const std::string raw = ExampleRaw();
  Random random(4, "damage");
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = raw;
    for (int i = random.Between(1, 3); i > 0; --i) {
      damaged[random.Below(damaged.size())] =
          static_cast<char>(random.Below(256));
    }
    const absl::Status status = ReadRaw(damaged, 2);
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss ||
                status.code() == absl::StatusCode::kFailedPrecondition)
        << status;
  }
}

TEST(DatasetShard, AnotherMagicOrVersionIsFailedPrecondition) {
  std::string raw = ExampleRaw();
  raw[8] = 2;
  absl::Status status = ReadRaw(raw, 2);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 2"));
  raw = ExampleRaw();
  raw[0] = 'X';
  EXPECT_EQ(ReadRaw(raw, 2).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DatasetShard, FramesThatClaimTooMuchAreRefused) {
  const std::string frame = ZstdCompress(std::string(1 << 20, 'x'));
  const DatasetIndex::Shard shard = {"s", 1, static_cast<int64_t>(frame.size()),
                                     100, Sha256Hex(frame)};
  std::vector<DatasetTask> out;
  EXPECT_EQ(ReadShard(frame, shard, Canvas{4}, "s", &out).code(),
            absl::StatusCode::kDataLoss);
}

TEST(DatasetFiles, IndexNamesOnlyFilesOfItsOwnFolder) {
  DatasetIndex index = IndexOf(Example());
  index.shards = {{"../shard-00000.zst", 2, 1, 1, std::string(64, '0')}};
  EXPECT_EQ(ParseIndex(IndexText(index), "dataset.json").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(DatasetFiles, CountsThatDoNotAgreeAreDataLoss) {
  const std::string dir = Fresh();
  ASSERT_TRUE(WriteDataset(Example(), dir).ok());
  const std::string path = JoinPath(dir, "dataset.json");
  const std::string text = *ReadFile(path);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{
           {"\"ids\": 4", "\"ids\": 5"},
           {"\"examples\": 4", "\"examples\": 3"},
           {"\"tasks\": 2,\n \"ids\"", "\"tasks\": 1,\n \"ids\""},
           {"\"canvas_side\": 4", "\"canvas_side\": 31"},
           {"\"copies_asked\": 2", "\"copies_asked\": -2"}}) {
    const std::string changed = absl::StrReplaceAll(text, {{from, to}});
    ASSERT_NE(changed, text) << from;
    Overwrite(path, Resealed(changed));
    EXPECT_EQ(ReadDataset(dir).status().code(), absl::StatusCode::kDataLoss)
        << to;
  }
}

// Files of the first version of the format must stay readable.
TEST(DatasetFiles, VersionOneStillReads) {
  const auto dataset = ReadDataset(TestData("dataset_v1"));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(*dataset, Example());
}

}  // namespace
}  // namespace arctrm
