// SPDX-License-Identifier: MIT
// Which tensors of a file are the weights of a TRM or HRM: told by the ends of
// their names, wherever they lie. No Torch here.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

// Where in `path` the published name of a weight begins, without "inner.":
// "lm_head.weight", "L_level.layers.0.mlp.down_proj.weight". npos: none there.
size_t WeightNameStart(absl::string_view path);

struct NamedTensor {
  // Keys and attributes from the root of the file, with dots between:
  // "ema.module.model.inner.lm_head.weight".
  std::string path;
  // So many characters of it name the dicts and objects around: "ema.". 0 in
  // files without any.
  size_t container = 0;
  // Floating point and no scalar: no counter.
  bool is_weight = true;
};

struct WeightSet {
  std::string name;    // for people: "model_ema"; "top" where nothing is around
  std::string prefix;  // before the published names
  std::vector<size_t> members;     // places among the tensors
  std::vector<std::string> names;  // theirs, "inner.lm_head.weight"
  // Of no use to any model that there is, but inside `prefix`.
  std::vector<size_t> unknown;
  std::vector<size_t> passed_over;  // beside the members: counters, buffers
  bool averaged = false;            // its name says so
  bool optimizer = false;           // moments or gradients
  bool stale = false;               // meant to be averaged, but never was
  // How often it was averaged, an integer tensor; npos: not said.
  size_t num_averaged = std::string::npos;
};

// Those with a token embedding, in the order of the file.
std::vector<WeightSet> FindWeightSets(const std::vector<NamedTensor>& tensors);

// The set called `wanted`, its whole name or the end of it. "": the first
// averaged one; without one the first that is no optimiser's, stale ones last.
// NotFound lists those that there are.
absl::StatusOr<size_t> ChooseWeights(const std::vector<WeightSet>& sets,
                                     absl::string_view wanted);

}  // namespace arctrm::internal
