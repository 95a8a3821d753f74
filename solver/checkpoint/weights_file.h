// SPDX-License-Identifier: MIT
// Reads the weights of a TRM or HRM from a zip of torch.save or from
// safetensors, optionally compressed with gzip or zstd. Free of LibTorch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

// Numbers as stored in the file.
struct RawTensor {
  std::string dtype;  // "F32", "F64", "BF16", "F16"
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;  // in numbers; all within `bytes`
  int64_t offset = 0;           // index of the first number
  absl::string_view bytes;
  std::shared_ptr<const void> owner;  // owns `bytes`
};

struct FileWeights {
  std::map<std::string, RawTensor> tensors;  // "inner.lm_head.weight"
  std::string name;                          // ShownName of the set
  bool averaged = false;
  std::vector<std::string> others;       // other sets of the file
  std::vector<std::string> passed_over;  // tensors outside the set
  // For people: tensors from other sets, averages that were never updated or
  // are not used.
  std::vector<std::string> remarks;
};

// Reads the weight set `wanted` ("": as in ChooseWeights). All messages begin
// with the path. NotFound: no such file; InvalidArgument: a file of another
// kind, which the message names, or without such weights; DataLoss: damaged
// weights. Other content of the file never causes an error.
absl::StatusOr<FileWeights> ReadWeightsFile(const std::string& path,
                                            absl::string_view wanted);

// Is `name` typical for a weights file from Python? "step_9", "a.pt".
bool IsWeightsFileName(absl::string_view name);

// For people: the weight sets of the file, one per line, and how to import
// them. The errors of ReadWeightsFile. Does not read tensors.
absl::StatusOr<std::string> DescribeWeightsFile(const std::string& path);

}  // namespace arctrm::internal
