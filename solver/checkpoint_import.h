// SPDX-License-Identifier: MIT
// Weights to and from the Python implementations. No Torch here.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "solver/checkpoint_info.h"
#include "solver/options.h"

namespace arctrm {

struct ImportOptions {
  // What shapes don't tell: heads, cycles, steps, rotary base, canvas, prefix.
  // Width, layers, vocabulary, architecture, mixer and learned positions are
  // read from the file.
  ModelOptions model;
  // identifiers.json of the published dataset builders: which row belongs to
  // which task and augmentation. "": rows are kept, but nothing knows whose
  // they are, so that new tasks can start from them (train.new_rows).
  std::string identifiers;
  // Which weights to take of a file that holds several sets, such as raw and
  // averaged ones. "": the averaged ones where there are any.
  std::string weights;
};

// What an import found in the file.
struct ImportNotes {
  std::string weights;  // the set that was taken, "top" for a plain state dict
  bool averaged = false;
  std::vector<std::string> others;       // sets that lie there too
  std::vector<std::string> passed_over;  // tensors beside the weights
  // For people: what was taken from another set, what the file lacks.
  std::vector<std::string> remarks;
};

// Reads `path`, a file of torch.save (zip form) or safetensors, packed with
// gzip or zstd or not, and writes a checkpoint folder. The weights are found by
// the ends of their names, wherever they lie in it. A pickle is read as data:
// nothing in it is run. Nothing is written before everything was looked at:
// sums (CRC-32), shapes, and that all numbers are finite. DataLoss for damage;
// InvalidArgument calls another kind of file by its name, lists what a file
// without weights holds, or names the tensors that don't fit, with both shapes.
absl::StatusOr<CheckpointInfo> ImportCheckpoint(const std::string& path,
                                                const std::string& out,
                                                const ImportOptions& options,
                                                ImportNotes* notes = nullptr);

// Writes one file with the published names behind `prefix`: what torch.load
// reads where `out` ends with ".pt", safetensors where it ends with
// ".safetensors", InvalidArgument otherwise.
absl::Status ExportWeights(const std::string& path, const std::string& out,
                           const std::string& prefix);

}  // namespace arctrm
