// SPDX-License-Identifier: MIT
#include "augment/internal/dataset_shard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/compress.h"
#include "base/hash.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr absl::string_view kMagic = "ARCTRMDS";
constexpr uint32_t kShardVersion = 1;
constexpr size_t kTaskCountAt = 12;
constexpr size_t kHeaderBytes = 16;
constexpr int64_t kMaxRawBytes = int64_t{1} << 30;
constexpr size_t kMaxNameBytes = 0xFFFF;
constexpr uint64_t kAugmentationBytes = 3;
constexpr uint8_t kTrainsOnTestPairs = 1;

void PutNumber(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }
}

// Reads sequentially. Keeps the first fault; later reads return zeros.
class Cursor {
 public:
  Cursor(absl::string_view bytes, absl::string_view path)
      : bytes_(bytes), path_(path) {}

  absl::string_view Bytes(size_t count) {
    if (!status_.ok()) return {};
    if (bytes_.size() - at_ < count) {
      Fault(absl::StrCat("expected ", count, " more bytes, found ",
                         bytes_.size() - at_));
      return {};
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

  uint32_t Number(int count) {
    uint32_t value = 0;
    const absl::string_view bytes = Bytes(static_cast<size_t>(count));
    for (size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    }
    return value;
  }

  // Reads a number of items of at least `item_bytes` each. Limits it by the
  // size of the shard, so that a damaged count cannot exhaust memory.
  size_t Count(uint64_t item_bytes) {
    const uint64_t count = Number(4);
    if (status_.ok() && count * item_bytes > bytes_.size() - at_) {
      Fault(
          absl::StrCat("a count of ", count, " is more than the shard holds"));
      return 0;
    }
    return static_cast<size_t>(count);
  }

  Grid ReadGrid(Canvas canvas) {
    const int rows = static_cast<int>(Number(1));
    const int cols = static_cast<int>(Number(1));
    if (status_.ok() &&
        (rows < 1 || rows > canvas.side || cols < 1 || cols > canvas.side)) {
      Fault(absl::StrCat("a grid of ", rows, " by ", cols, " on a canvas of ",
                         canvas.side, " by ", canvas.side));
    }
    const absl::string_view cells = Bytes(static_cast<size_t>(rows * cols));
    if (!status_.ok()) return Grid();
    for (char cell : cells) {
      if (static_cast<uint8_t>(cell) >= kNumColors) {
        Fault(absl::StrCat("a cell of colour ", static_cast<uint8_t>(cell)));
        return Grid();
      }
    }
    return Grid(rows, cols, std::vector<uint8_t>(cells.begin(), cells.end()));
  }

  void Fault(absl::string_view what) {
    if (!status_.ok()) return;
    status_ = absl::DataLossError(absl::StrCat(path_, ": damaged at byte ", at_,
                                               " (after decompression): ", what,
                                               "; build the dataset again"));
  }

  bool AtEnd() const { return at_ == bytes_.size(); }
  const absl::Status& status() const { return status_; }

 private:
  absl::string_view bytes_;
  absl::string_view path_;
  size_t at_ = 0;
  absl::Status status_;
};

void PutGrid(const Grid& grid, std::string* out) {
  out->append(grid.ContentBytes());
}

DatasetTask ReadTask(Canvas canvas, Cursor* in) {
  DatasetTask task;
  task.name = std::string(in->Bytes(in->Number(2)));
  if (task.name.empty()) in->Fault("a task without a name");
  const uint32_t flags = in->Number(1);
  if (flags > kTrainsOnTestPairs) in->Fault("unknown flags");
  task.trains_on_test_pairs = flags == kTrainsOnTestPairs;
  const size_t num_pairs = in->Count(6);
  const size_t num_tests = in->Count(3);
  const size_t num_augmentations = in->Count(kAugmentationBytes);
  if (num_pairs == 0) in->Fault("a task without pairs");
  if (num_augmentations == 0) in->Fault("a task without augmentations");
  for (size_t i = 0; i < num_pairs && in->status().ok(); ++i) {
    Grid input = in->ReadGrid(canvas);
    task.pairs.push_back({std::move(input), in->ReadGrid(canvas)});
  }
  for (size_t i = 0; i < num_tests && in->status().ok(); ++i) {
    task.test_inputs.push_back(in->ReadGrid(canvas));
  }
  if (in->status().ok()) task.augmentations.reserve(num_augmentations);
  for (size_t i = 0; i < num_augmentations && in->status().ok(); ++i) {
    const auto copy = Augmentation::Unpack(in->Number(kAugmentationBytes));
    if (!copy.ok()) {
      in->Fault(copy.status().message());
    } else if (i == 0 && !copy->IsIdentity()) {
      in->Fault("the first augmentation is not the identity");
    } else {
      task.augmentations.push_back(*copy);
    }
  }
  return task;
}

}  // namespace

ShardWriter::ShardWriter() : bytes_(kMagic) {
  PutNumber(kShardVersion, 4, &bytes_);
  PutNumber(0, 4, &bytes_);
}

absl::Status ShardWriter::Add(const DatasetTask& task) {
  if (task.name.empty() || task.name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a name of ", task.name.size(), " bytes, expected 1 to 65535"));
  }
  PutNumber(task.name.size(), 2, &bytes_);
  bytes_ += task.name;
  bytes_.push_back(
      static_cast<char>(task.trains_on_test_pairs ? kTrainsOnTestPairs : 0));
  PutNumber(task.pairs.size(), 4, &bytes_);
  PutNumber(task.test_inputs.size(), 4, &bytes_);
  PutNumber(task.augmentations.size(), 4, &bytes_);
  for (const Pair& pair : task.pairs) {
    PutGrid(pair.input, &bytes_);
    PutGrid(pair.output, &bytes_);
  }
  for (const Grid& input : task.test_inputs) PutGrid(input, &bytes_);
  for (const Augmentation& copy : task.augmentations) {
    PutNumber(copy.Pack(), kAugmentationBytes, &bytes_);
  }
  ++num_tasks_;
  if (static_cast<int64_t>(bytes_.size()) > kMaxRawBytes) {
    return absl::InvalidArgumentError(
        "more than 1 GiB in one task; ask for fewer augmentations");
  }
  return absl::OkStatus();
}

std::string ShardWriter::Finish() && {
  std::string count;
  PutNumber(static_cast<uint64_t>(num_tasks_), 4, &count);
  bytes_.replace(kTaskCountAt, count.size(), count);
  return std::move(bytes_);
}

absl::Status ReadShard(absl::string_view frame,
                       const DatasetIndex::Shard& shard, Canvas canvas,
                       absl::string_view path,
                       std::vector<DatasetTask>* tasks) {
  if (static_cast<int64_t>(frame.size()) != shard.bytes) {
    return absl::DataLossError(absl::StrCat(path, ": expected ", shard.bytes,
                                            " bytes, found ", frame.size(),
                                            "; build the dataset again"));
  }
  if (Sha256Hex(frame) != shard.sha256) {
    return absl::DataLossError(
        absl::StrCat(path,
                     ": damaged: its SHA-256 differs from the index; build the "
                     "dataset again"));
  }
  if (shard.raw_bytes > kMaxRawBytes) {
    return absl::DataLossError(
        absl::StrCat(path, ": claims ", shard.raw_bytes,
                     " bytes, but at most 1 GiB is allowed"));
  }
  auto raw = ZstdDecompress(frame, shard.raw_bytes);
  if (!raw.ok()) return Annotate(raw.status(), path);
  Cursor in(*raw, path);
  if (in.Bytes(kMagic.size()) != kMagic) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a shard of an arctrm dataset"));
  }
  const uint32_t version = in.Number(4);
  if (in.status().ok() && version != kShardVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": shard version ", version, ", this arctrm reads version ",
        kShardVersion,
        "; use the arctrm that wrote it or build the dataset again"));
  }
  const size_t num_tasks = in.Count(kHeaderBytes);
  if (static_cast<int64_t>(num_tasks) != shard.tasks) {
    in.Fault(absl::StrCat("holds ", num_tasks, " tasks, but the index says ",
                          shard.tasks));
  }
  for (size_t i = 0; i < num_tasks && in.status().ok(); ++i) {
    tasks->push_back(ReadTask(canvas, &in));
  }
  if (!in.AtEnd()) in.Fault("bytes behind the last task");
  return in.status();
}

}  // namespace arctrm
