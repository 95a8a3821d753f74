// SPDX-License-Identifier: MIT
// The content of a weights file, before weight sets are chosen from it. Free of
// LibTorch.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_kind.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint/weight_sets.h"
#include "solver/checkpoint/weights_file.h"
#include "solver/checkpoint/zip.h"

namespace arctrm::internal {

// The record of a file of torch.save that describes its tensors.
inline constexpr char kPickleFile[] = "data.pkl";

struct WeightsContents {
  std::string form;  // "a file of torch.save"
  NamedContents named;
  // Reads a tensor by index. Errors name `name`, which may be "".
  std::function<absl::StatusOr<RawTensor>(size_t, const std::string&)> read;
  // The top level of the file, for error messages.
  std::function<std::string()> describe;
  // DataLoss if the part of the file that was not read is damaged.
  std::function<absl::Status()> check_rest;
};

// The contents of a zip of torch.save, and of a safetensors file. Messages lack
// the path.
absl::StatusOr<WeightsContents> ContentsOfZip(ByteSource source);
absl::StatusOr<WeightsContents> ContentsOfSafetensors(SafetensorsFile parsed);

// InvalidArgument for a file that begins with `start`, or a folder, from which
// no weights can be read: names its kind and gives advice, without the path.
absl::Status RefuseKind(FileKind kind, absl::string_view start,
                        const std::string& path);
absl::Status RefuseFolder(const std::string& path);

// InvalidArgument unless `dtype` is a dtype of weights.
absl::Status CheckWeightDtype(const std::string& name,
                              const std::string& dtype);

// The names for a message, joined by commas; it counts names beyond the first
// dozen.
std::string SomeNames(const std::vector<std::string>& names);
// Advice for error messages.
inline constexpr char kSaveInstead[] =
    "save the weights alone: torch.save(model.state_dict(), FILE)";

}  // namespace arctrm::internal
