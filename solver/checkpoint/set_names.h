// SPDX-License-Identifier: MIT
// What the names of dicts and modules say of the weights in them. No Torch
// here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace arctrm::internal {

// Words in lower case: "modelEMA_0.99" is "model", "ema", "0", "99".
std::vector<std::string> Words(absl::string_view text);

// Parts between dots, none of them empty.
std::vector<absl::string_view> Parts(absl::string_view path);

struct AverageClaim {
  enum class Kind { kNothing, kAveraged, kRaw };
  Kind kind = Kind::kNothing;
  // So many parts of the path, from its beginning, up to the one that says it.
  size_t parts = 0;
};
// The part nearest the weights decides: "ema.online_model." is raw.
AverageClaim ClaimOf(absl::string_view path);

// Moments or gradients by the form of an optimiser's state: `container`
// characters of `prefix` name dicts.
bool IsOptimizerState(absl::string_view prefix, size_t container);
// Is a part of it called an optimiser?
bool NamesOptimizer(absl::string_view prefix);

// A published name without its dots, as LitEma writes them:
// "model_ema.innerlm_headweight" is "lm_head.weight".
std::optional<std::string> NameWithoutDots(absl::string_view path);

}  // namespace arctrm::internal
