// SPDX-License-Identifier: MIT
// Names and shapes of a model's parameters, as its options tell. No Torch here.
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

// In the order of the flat vector of parameters. Start states (inner.H_init,
// inner.L_init, (D)) and the embedding table are no parameters.
std::vector<ParameterShape> ParameterShapes(const ModelOptions& options);

inline constexpr char kTableName[] = "inner.puzzle_emb.weights";

}  // namespace arctrm::internal
