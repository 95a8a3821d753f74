// SPDX-License-Identifier: MIT
// Names and shapes of a model's parameters. Free of LibTorch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "solver/options.h"

namespace arctrm::internal {

struct ParameterShape {
  std::string name;  // published: "inner.lm_head.weight"
  std::vector<int64_t> sizes;
};

// In the order of Model::flat(). Start states (inner.H_init, inner.L_init, (D))
// and embedding rows are not included.
std::vector<ParameterShape> ParameterShapes(const ModelOptions& options);

inline constexpr char kTableName[] = "inner.puzzle_emb.weights";

}  // namespace arctrm::internal
