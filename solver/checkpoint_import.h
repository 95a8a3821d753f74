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
};

// Reads `path`, a state dict saved by torch.save (zip form) or a safetensors
// file, with or without the prefixes "_orig_mod.", "model." and "inner.", and
// writes a checkpoint folder. A pickle is read as data: nothing in it is run.
// DataLoss for damage; InvalidArgument names the tensor that does not fit, with
// both shapes, or a global that no state dict has.
absl::StatusOr<CheckpointInfo> ImportCheckpoint(const std::string& path,
                                                const std::string& out,
                                                const ImportOptions& options);

// Writes one file with the published names behind `prefix`: what torch.load
// reads where `out` ends with ".pt", safetensors where it ends with
// ".safetensors", InvalidArgument otherwise.
absl::Status ExportWeights(const std::string& path, const std::string& out,
                           const std::string& prefix);

}  // namespace arctrm
