// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weight_sets.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace arctrm::internal {
namespace {

constexpr char kTokens[] = "embed_tokens.embedding_weight";
constexpr char kNumAveraged[] = "n_averaged";

// Without those in levels.
const std::vector<absl::string_view>& WeightNames() {
  static const auto* const names = new std::vector<absl::string_view>{
      kTokens,          "embed_pos.embedding_weight",
      "lm_head.weight", "q_head.weight",
      "q_head.bias",    "puzzle_emb.weights",
      "H_init",         "L_init"};
  return *names;
}

bool IsLevel(absl::string_view rest) {
  return (absl::ConsumePrefix(&rest, "L_level.layers.") ||
          absl::ConsumePrefix(&rest, "H_level.layers.")) &&
         !rest.empty() &&
         absl::ascii_isdigit(static_cast<unsigned char>(rest[0]));
}

// Words in lower case: "modelEMA_0.99" is "model", "ema", "0", "99".
std::vector<std::string> Words(absl::string_view text) {
  std::vector<std::string> words(1);
  bool lower_before = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool upper = absl::ascii_isupper(byte);
    if (!absl::ascii_isalnum(byte) || (upper && lower_before)) {
      words.emplace_back();
    }
    if (absl::ascii_isalnum(byte)) words.back() += absl::ascii_tolower(byte);
    lower_before = absl::ascii_islower(byte);
  }
  return words;
}

bool SaysAveraged(absl::string_view prefix) {
  static const auto* const known = new std::set<std::string>{
      "ema",      "swa",       "avg",    "average", "averages",
      "averaged", "averaging", "shadow", "polyak"};
  for (const std::string& word : Words(prefix)) {
    absl::string_view letters = word;
    while (!letters.empty() &&
           absl::ascii_isdigit(static_cast<unsigned char>(letters.back()))) {
      letters.remove_suffix(1);
    }
    if (known->count(std::string(letters)) > 0) return true;
  }
  return false;
}

bool SaysOptimizer(absl::string_view prefix) {
  static const auto* const known = new std::set<std::string>{
      "optimizer", "optimizers", "optim", "optims", "exp",
      "momentum",  "grad",       "grads", "adam"};
  for (const std::string& word : Words(prefix)) {
    if (known->count(word) > 0) return true;
  }
  return false;
}

// `prefix` without the words that frames of PyTorch and the published code put
// before names. Of the dicts around, `container` characters, nothing goes but
// "inner".
std::string SetName(absl::string_view prefix, size_t container) {
  std::vector<absl::string_view> words =
      absl::StrSplit(prefix, '.', absl::SkipEmpty());
  const size_t around =
      std::vector<absl::string_view>(
          absl::StrSplit(prefix.substr(0, container), '.', absl::SkipEmpty()))
          .size();
  while (!words.empty()) {
    const absl::string_view last = words.back();
    const bool frame =
        last == "model" || last == "module" || last == "_orig_mod";
    if (last != "inner" && !(frame && words.size() > around)) break;
    words.pop_back();
  }
  return words.empty() ? "top" : absl::StrJoin(words, ".");
}

// A buffer of the published modules, or a counter of PyTorch's.
bool IsBuffer(absl::string_view rest) {
  absl::ConsumePrefix(&rest, "inner.");
  return absl::StartsWith(rest, "rotary_emb.") ||
         absl::StartsWith(rest, "puzzle_emb.local_") ||
         absl::EndsWith(rest, "num_batches_tracked") ||
         absl::EndsWith(rest, kNumAveraged);
}

// Sorts tensors that bear no name of a weight to a set.
void LookBeside(const std::vector<NamedTensor>& tensors, size_t container,
                WeightSet& set) {
  // Deeper in dicts than the prefix: dicts stand for modules.
  const bool nested = container > set.prefix.size();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const NamedTensor& tensor = tensors[i];
    absl::string_view rest = tensor.path;
    if (WeightNameStart(rest) != std::string::npos) continue;
    const bool beside =
        nested ? absl::StartsWith(rest, set.prefix)
               : tensor.container == container &&
                     rest.substr(0, container) ==
                         absl::string_view(set.prefix).substr(0, container);
    if (!beside) continue;
    const bool inside = !set.prefix.empty() &&
                        absl::ConsumePrefix(&rest, set.prefix) &&
                        (nested || set.prefix.size() > container);
    if (inside && tensor.is_weight && !IsBuffer(rest)) {
      set.unknown.push_back(i);
    } else {
      set.passed_over.push_back(i);
    }
  }
}

// torch.optim.swa_utils.AveragedModel keeps "n_averaged" beside "module.…".
void LookForAverage(const std::map<std::string, size_t>& counters,
                    WeightSet& set) {
  for (const auto& [base, place] : counters) {
    if (!absl::StartsWith(set.prefix, absl::StrCat(base, "module."))) continue;
    set.averaged = true;
    set.num_averaged = place;
  }
}

std::string Names(const std::vector<WeightSet>& sets) {
  std::vector<std::string> names;
  for (const WeightSet& set : sets) names.push_back(set.name);
  return absl::StrJoin(names, ", ");
}

}  // namespace

size_t WeightNameStart(absl::string_view path) {
  for (const absl::string_view name : WeightNames()) {
    if (!absl::EndsWith(path, name)) continue;
    const size_t start = path.size() - name.size();
    if (start == 0 || path[start - 1] == '.') return start;
  }
  for (size_t start = 0; start < path.size(); ++start) {
    if ((start == 0 || path[start - 1] == '.') && IsLevel(path.substr(start))) {
      return start;
    }
  }
  return std::string::npos;
}

std::vector<WeightSet> FindWeightSets(const std::vector<NamedTensor>& tensors) {
  struct Group {
    WeightSet set;
    size_t container = 0;
    bool has_tokens = false;
  };
  std::vector<Group> groups;
  std::map<std::string, size_t> places;
  std::map<std::string, size_t> counters;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const absl::string_view path = tensors[i].path;
    const size_t start = WeightNameStart(path);
    if (start == std::string::npos) {
      absl::string_view base = path;
      if (absl::ConsumeSuffix(&base, kNumAveraged) &&
          (base.empty() || base.back() == '.')) {
        counters.emplace(base, i);
      }
      continue;
    }
    const std::string prefix(path.substr(0, start));
    const auto [it, fresh] = places.emplace(prefix, groups.size());
    if (fresh) {
      groups.emplace_back().set.prefix = prefix;
      groups.back().container = tensors[i].container;
    }
    Group& group = groups[it->second];
    const absl::string_view name = path.substr(start);
    group.has_tokens = group.has_tokens || name == kTokens;
    group.container = std::min(group.container, tensors[i].container);
    group.set.members.push_back(i);
    group.set.names.push_back(absl::StrCat("inner.", name));
  }
  std::vector<WeightSet> sets;
  std::map<std::string, int> seen;
  for (Group& group : groups) {
    if (!group.has_tokens) continue;
    WeightSet& set = group.set;
    set.name =
        SetName(set.prefix, std::min(group.container, set.prefix.size()));
    if (++seen[set.name] > 1) {
      set.name = std::string(absl::StripSuffix(set.prefix, "."));
    }
    set.averaged = SaysAveraged(set.prefix);
    set.optimizer = SaysOptimizer(set.prefix);
    LookForAverage(counters, set);
    // At most a few sets: each looks at all tensors.
    if (sets.size() < 64) LookBeside(tensors, group.container, set);
    sets.push_back(std::move(set));
  }
  return sets;
}

absl::StatusOr<size_t> ChooseWeights(const std::vector<WeightSet>& sets,
                                     absl::string_view wanted) {
  if (!wanted.empty()) {
    std::vector<size_t> fitting;
    for (size_t i = 0; i < sets.size(); ++i) {
      if (sets[i].name == wanted) return i;
      if (absl::EndsWith(sets[i].name, absl::StrCat(".", wanted))) {
        fitting.push_back(i);
      }
    }
    if (fitting.size() == 1) return fitting[0];
    return absl::NotFoundError(absl::StrCat(
        "holds ", fitting.empty() ? "no" : "several", " weights called \"",
        wanted, "\"; there are ", Names(sets)));
  }
  const auto rank = [](const WeightSet& set) {
    if (set.optimizer) return 3;
    return set.averaged ? 0 : (set.stale ? 2 : 1);
  };
  const auto best = std::min_element(
      sets.begin(), sets.end(), [&](const WeightSet& a, const WeightSet& b) {
        return rank(a) < rank(b);
      });
  if (best != sets.end() && !best->optimizer) {
    return static_cast<size_t>(best - sets.begin());
  }
  return absl::NotFoundError(
      sets.empty() ? "holds no weights of a TRM or HRM"
                   : absl::StrCat("holds only what an optimiser keeps of "
                                  "weights (",
                                  Names(sets), ")"));
}

}  // namespace arctrm::internal
