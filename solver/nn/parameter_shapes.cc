// SPDX-License-Identifier: MIT
#include "solver/nn/parameter_shapes.h"

#include "absl/strings/str_cat.h"

namespace arctrm::internal {

std::vector<ParameterShape> ParameterShapes(const ModelOptions& options) {
  const int64_t d = options.hidden;
  const int64_t inner = options.inner();
  const int64_t t = options.num_positions();
  const int64_t mixer_inner = options.mixer_inner();
  std::vector<ParameterShape> shapes = {
      {"inner.embed_tokens.embedding_weight", {options.vocabulary, d}},
      {"inner.lm_head.weight", {options.vocabulary, d}},
      {"inner.q_head.weight", {2, d}},
      {"inner.q_head.bias", {2}},
  };
  for (const char* level : {"L", "H"}) {
    if (*level == 'H' && !options.hrm()) continue;
    for (int i = 0; i < options.layers; ++i) {
      const auto add = [&](const char* name, int64_t out, int64_t in) {
        shapes.push_back({absl::StrCat("inner.", level, "_level.layers.", i,
                                       ".", name, ".weight"),
                          {out, in}});
      };
      if (options.mixer) {
        add("mlp_t.gate_up_proj", 2 * mixer_inner, t);
        add("mlp_t.down_proj", t, mixer_inner);
      } else {
        add("self_attn.qkv_proj", 3 * d, d);
        add("self_attn.o_proj", d, d);
      }
      add("mlp.gate_up_proj", 2 * inner, d);
      add("mlp.down_proj", d, inner);
    }
  }
  if (options.positions == "learned") {
    shapes.push_back({"inner.embed_pos.embedding_weight", {t, d}});
  }
  return shapes;
}

}  // namespace arctrm::internal
