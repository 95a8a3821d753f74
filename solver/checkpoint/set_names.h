// SPDX-License-Identifier: MIT
// Interprets the names of dicts and modules around weights. Free of LibTorch.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace arctrm::internal {

// Lower-case words: "modelEMA_0.99" gives "model", "ema", "0", "99".
std::vector<std::string> Words(absl::string_view text);

// The non-empty parts between dots.
std::vector<absl::string_view> Parts(absl::string_view path);

struct AverageClaim {
  enum class Kind { kNothing, kAveraged, kRaw };
  Kind kind = Kind::kNothing;
  // Number of leading parts of the path up to the deciding one.
  size_t parts = 0;
};
// The deciding part is the last one: "ema.online_model." is raw.
AverageClaim ClaimOf(absl::string_view path);

// Does `prefix` have the form of an optimiser's state (moments or gradients)?
// Its first `container` characters name dicts.
bool IsOptimizerState(absl::string_view prefix, size_t container);
// Does a part of `prefix` name an optimiser?
bool NamesOptimizer(absl::string_view prefix);

// Restores the dots of a published name, which LitEma removes:
// "model_ema.innerlm_headweight" gives "lm_head.weight".
std::optional<std::string> NameWithoutDots(absl::string_view path);

}  // namespace arctrm::internal
