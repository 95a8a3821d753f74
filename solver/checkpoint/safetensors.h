// SPDX-License-Identifier: MIT
// The safetensors layout: 8-byte little-endian header length, a JSON header
// {"name": {"dtype", "shape", "data_offsets"}, …, "__metadata__": {…}}, then
// raw little-endian row-major data. Free of LibTorch.
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
  absl::string_view bytes;  // view of the file's buffer
};

// A checked file in memory: all tensors lie within the data without overlap,
// and sizes fit shapes. Movable; entries stay valid.
class SafetensorsFile {
 public:
  // NotFound; DataLoss with path and fault.
  static absl::StatusOr<SafetensorsFile> Read(absl::string_view path);
  // Messages show `name` as the path.
  static absl::StatusOr<SafetensorsFile> Parse(std::string bytes,
                                               absl::string_view name);

  const std::map<std::string, TensorEntry>& tensors() const { return tensors_; }
  // nullptr if absent.
  const TensorEntry* Find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }

 private:
  std::unique_ptr<const std::string> bytes_;  // stable when moved
  std::map<std::string, TensorEntry> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Bytes of one element; 0 for unknown dtypes and parts of bytes.
int64_t DtypeBytes(absl::string_view dtype);

// DataLoss if `bytes` contains NaN or infinite numbers; names the first and
// their count. Integers are always finite. Messages show `name`.
absl::Status CheckFinite(absl::string_view name, absl::string_view dtype,
                         absl::string_view bytes);
// The same for all tensors of a file.
absl::Status CheckAllFinite(const SafetensorsFile& file);

// The dtypes of weights: F32, F64, BF16, F16.
bool IsFloatDtype(absl::string_view dtype);

struct TensorToWrite {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  absl::string_view bytes;  // borrowed until written
};

// Writes tensors in the given order; padding of the header aligns them to 8
// bytes.
std::string SafetensorsBytes(
    const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata);

}  // namespace arctrm::internal
