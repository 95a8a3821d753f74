// SPDX-License-Identifier: MIT
// Which tensors of a file are the weights of a TRM or HRM: told by the ends of
// their names, wherever they lie. No Torch here.
#pragma once

#include <cstddef>
#include <cstdint>
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
  std::vector<int64_t> shape;
  // Tensors that share one are the same numbers ("tied"). "": not known.
  std::string storage;
};

// A number that may say how often an average was updated: "ema.num_updates".
struct NamedNumber {
  std::string path;
  int64_t value = 0;
};
// Is the last word of `path` the name of such a number?
bool IsCounterName(absl::string_view path);

// What a file holds, as FindWeightSets looks at it.
struct NamedContents {
  std::vector<NamedTensor> tensors;
  std::vector<NamedNumber> numbers;
  // Do tensors stand in the order in which the model registered them?
  bool in_order = true;
};

struct WeightSet {
  // For --weights, unlike all others: "model_ema"; "top" where nothing is
  // around.
  std::string name;
  std::string prefix;              // before the published names
  std::vector<size_t> members;     // places among the tensors
  std::vector<std::string> names;  // theirs, "inner.lm_head.weight"
  // Of no use to any model that there is, but inside `prefix`.
  std::vector<size_t> unknown;
  std::vector<size_t> passed_over;  // beside the members: counters, buffers
  bool averaged = false;            // name or form says so
  bool optimizer = false;           // moments or gradients
  bool beside_optimizer = false;    // inside something called an optimiser
  bool stale = false;               // meant to be averaged, but never was
  // Averaged, but without parameters that the raw weights have.
  bool partial = false;
  // What the members lack (averages have no buffers) and another set has.
  struct Addition {
    std::string name;  // "inner.H_init"
    size_t place = 0;  // among the tensors
    std::string from;  // the set's name, or that of the tensor it is tied to
    bool tied = false;
  };
  std::vector<Addition> additions;
};

struct WeightSets {
  std::vector<WeightSet> sets;  // those with a token embedding, in file order
  // For people, of what was found and is not in `sets`.
  std::vector<std::string> remarks;
};
WeightSets FindWeightSets(const NamedContents& contents);

// Its name as --weights takes it, fit for a terminal; in quotes where it holds
// blanks or the like.
std::string ShownName(const WeightSet& set);

// The set called `wanted`: its name, or that as a terminal shows it, or the one
// that alone ends so. "": the first averaged one; without one the first that is
// no optimiser's, incomplete and stale ones last. NotFound lists those that
// there are.
absl::StatusOr<size_t> ChooseWeights(const std::vector<WeightSet>& sets,
                                     absl::string_view wanted);

}  // namespace arctrm::internal
