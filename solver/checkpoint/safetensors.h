// SPDX-License-Identifier: MIT
// The safetensors layout: 8-byte little-endian header length, a JSON header
// {"name": {"dtype", "shape", "data_offsets"}, …, "__metadata__": {…}}, then
// raw little-endian row-major data. No Torch here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

struct TensorEntry {
  std::string dtype;  // "F32", "BF16", "F16", "F64", "I64", "I32", "U8", "BOOL"
  std::vector<int64_t> shape;
  absl::string_view bytes;  // into the file's buffer
};

// A whole file in memory, checked: every tensor lies inside the data, none
// overlap, sizes fit shapes. Movable; entries stay valid with it.
class SafetensorsFile {
 public:
  // NotFound; DataLoss with path and what is wrong.
  static absl::StatusOr<SafetensorsFile> Read(absl::string_view path);
  // `name` stands for the path in messages.
  static absl::StatusOr<SafetensorsFile> Parse(std::string bytes,
                                               absl::string_view name);

  const std::map<std::string, TensorEntry>& tensors() const { return tensors_; }
  // nullptr when absent.
  const TensorEntry* Find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }

 private:
  std::unique_ptr<const std::string> bytes_;  // keeps its place when moved
  std::map<std::string, TensorEntry> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Bytes of one element; 0 for a dtype that is unknown or has no whole bytes.
int64_t DtypeBytes(absl::string_view dtype);

// DataLoss where one of the numbers in `bytes` is NaN or infinite: says which
// and how many are. Integers always are finite. `name` stands in the message.
absl::Status CheckFinite(absl::string_view name, absl::string_view dtype,
                         absl::string_view bytes);
// The same of every tensor in a file.
absl::Status CheckAllFinite(const SafetensorsFile& file);

// Floating-point numbers that weights are read from: F32, F64, BF16, F16.
bool IsFloatDtype(absl::string_view dtype);

struct TensorToWrite {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  absl::string_view bytes;  // borrowed until written
};

// Tensors in the order given (aligned to 8 bytes by the header's padding).
std::string SafetensorsBytes(
    const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata);

}  // namespace arctrm::internal
