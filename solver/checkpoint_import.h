// SPDX-License-Identifier: MIT
// Imports and exports weights of the Python implementations. Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/checkpoint_info.h"
#include "solver/options.h"

namespace arctrm {

struct ImportOptions {
  // Heads, cycles, steps, rotary base, canvas and prefix. The import reads the
  // other settings (width, layers, vocabulary, architecture, mixer, learned
  // positions) from the shapes in the file.
  ModelOptions model;
  // identifiers.json of the published dataset builders: the task and the
  // augmentation of each embedding row. "": the rows are kept without their
  // tasks, and new tasks can start from them (train.embedding_init).
  std::string identifiers;
  // The weight set to import from a file with several sets, such as raw and
  // averaged ones. "": the averaged set if the file has one.
  std::string weights;
};

// The outcome of an import.
struct ImportNotes {
  std::string weights;  // the imported set, "top" for a plain state dict
  bool averaged = false;
  std::vector<std::string> others;       // the other sets of the file
  std::vector<std::string> passed_over;  // tensors that are not weights
  // For people: tensors from another set, tensors that the file lacks.
  std::vector<std::string> remarks;
};

// Reads `path`, a file of torch.save (zip form) or safetensors, optionally
// compressed with gzip or zstd, and writes a checkpoint folder. The import
// finds weights by the ends of their names, at any depth. It reads a pickle as
// data and runs nothing in it. Before it writes, it checks CRC-32 sums, shapes
// and that all numbers are finite. DataLoss for damage; InvalidArgument names
// the kind of an unsuitable file, lists the content of a file without weights,
// or names the tensors that do not fit, with both shapes.
absl::StatusOr<CheckpointInfo> ImportCheckpoint(const std::string& path,
                                                const std::string& out,
                                                const ImportOptions& options,
                                                ImportNotes* notes = nullptr);

// Writes one file with the published names behind `prefix`. The ending of `out`
// decides the format: ".pt" for torch.load, ".safetensors" for safetensors;
// InvalidArgument for other endings.
absl::Status ExportWeights(const std::string& path, const std::string& out,
                           const std::string& prefix);

}  // namespace arctrm
