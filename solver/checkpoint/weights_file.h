// SPDX-License-Identifier: MIT
// Weights of a TRM or HRM from whatever file they came in: a zip of torch.save
// or safetensors, also packed with gzip or zstd. No Torch here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

// Numbers as the file has them.
struct RawTensor {
  std::string dtype;  // "F32", "F64", "BF16", "F16"
  std::vector<int64_t> shape;
  std::vector<int64_t> stride;  // in numbers; all lie inside `bytes`
  int64_t offset = 0;           // first number
  absl::string_view bytes;
  std::shared_ptr<const void> owner;  // of the bytes
};

struct FileWeights {
  std::map<std::string, RawTensor> tensors;  // "inner.lm_head.weight"
  std::string name;  // of the set that was taken, as ShownName
  bool averaged = false;
  std::vector<std::string> others;       // sets that were not
  std::vector<std::string> passed_over;  // tensors beside those of the set
  // For people: what was taken from another set, averages that were never
  // updated or are not used.
  std::vector<std::string> remarks;
};

// The set of weights called `wanted`, or by default as ChooseWeights says. All
// messages begin with the path. NotFound: no such file; InvalidArgument: a file
// of another kind, called by its name, or without such weights; DataLoss:
// damage in what is needed. What else lies in the file is never a reason to
// refuse it.
absl::StatusOr<FileWeights> ReadWeightsFile(const std::string& path,
                                            absl::string_view wanted);

// Does a file of weights from Python have such a name? "step_9", "a.pt".
bool IsWeightsFileName(absl::string_view name);

// For people: the sets of weights that lie in the file, one per line, and how
// to import them. The errors of ReadWeightsFile; tensors are not read.
absl::StatusOr<std::string> DescribeWeightsFile(const std::string& path);

}  // namespace arctrm::internal
