// SPDX-License-Identifier: MIT
// Finds the weight sets of a TRM or HRM among the tensors of a file by the ends
// of their names, at any depth. Free of LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

// The start of a published weight name within `path`, without "inner.":
// "lm_head.weight", "L_level.layers.0.mlp.down_proj.weight". npos: none.
size_t WeightNameStart(absl::string_view path);

struct NamedTensor {
  // Keys and attributes from the root of the file, joined by dots:
  // "ema.module.model.inner.lm_head.weight".
  std::string path;
  // Length of the prefix that names the enclosing dicts and objects: "ema.". 0
  // in files without any.
  size_t container = 0;
  // Floating point and not a scalar, so not a counter.
  bool is_weight = true;
  std::vector<int64_t> shape;
  // Tensors with the same storage share their numbers ("tied"). "": unknown.
  std::string storage;
};

// A possible update counter of an average: "ema.num_updates".
struct NamedNumber {
  std::string path;
  int64_t value = 0;
};
// Does `path` end with the name of an update counter?
bool IsCounterName(absl::string_view path);

// The content of a file for FindWeightSets.
struct NamedContents {
  std::vector<NamedTensor> tensors;
  std::vector<NamedNumber> numbers;
  // Are the tensors in the order in which the model registered them?
  bool in_order = true;
};

struct WeightSet {
  // A unique name for --weights: "model_ema"; "top" for a plain state dict.
  std::string name;
  std::string prefix;              // before the published names
  std::vector<size_t> members;     // indices of its tensors
  std::vector<std::string> names;  // of the members, "inner.lm_head.weight"
  // Tensors inside `prefix` that no supported model uses.
  std::vector<size_t> unknown;
  std::vector<size_t> passed_over;  // counters and buffers in `prefix`
  bool averaged = false;            // by name or form
  bool optimizer = false;           // moments or gradients
  bool beside_optimizer = false;    // inside an object named as an optimiser
  bool stale = false;               // an average that was never updated
  // An average that lacks parameters of the raw weights.
  bool partial = false;
  // Tensors from other sets that this set lacks (averages have no buffers).
  struct Addition {
    std::string name;  // "inner.H_init"
    size_t place = 0;  // index of the tensor
    std::string from;  // name of the other set, or of the tied tensor
    bool tied = false;
  };
  std::vector<Addition> additions;
};

struct WeightSets {
  std::vector<WeightSet> sets;  // those with a token embedding, in file order
  // For people: findings that are not in `sets`.
  std::vector<std::string> remarks;
};
WeightSets FindWeightSets(const NamedContents& contents);

// Its name for --weights, safe for terminals; quoted if it contains blanks or
// other special characters.
std::string ShownName(const WeightSet& set);

// The set named `wanted`: by name, by ShownName, or by a unique ending. "": the
// first average, else the first set outside an optimiser; incomplete and stale
// sets come last. NotFound lists the sets.
absl::StatusOr<size_t> ChooseWeights(const std::vector<WeightSet>& sets,
                                     absl::string_view wanted);

}  // namespace arctrm::internal
