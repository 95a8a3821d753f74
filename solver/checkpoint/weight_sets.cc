// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weight_sets.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/printable.h"
#include "solver/checkpoint/set_names.h"

namespace arctrm::internal {
namespace {

constexpr char kTokens[] = "embed_tokens.embedding_weight";
// Limits the work, which is sets x tensors. Real files have few sets.
constexpr size_t kMaxSets = 64;

// Weights outside levels.
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

// `prefix` without wrapper words of PyTorch frameworks and the published code.
// From the first `container` characters, the enclosing dicts, it removes only
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

std::string Names(const std::vector<WeightSet>& sets) {
  return absl::StrJoin(sets, ", ", [](std::string* text, const WeightSet& set) {
    text->append(ShownName(set));
  });
}

// The start of the last word of a path.
size_t LastWord(absl::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == absl::string_view::npos ? 0 : dot + 1;
}

// A buffer of the published modules, or a counter of PyTorch.
bool IsBuffer(absl::string_view rest) {
  absl::ConsumePrefix(&rest, "inner.");
  return absl::StartsWith(rest, "rotary_emb.") ||
         absl::StartsWith(rest, "puzzle_emb.local_") ||
         absl::EndsWith(rest, "num_batches_tracked") || IsCounterName(rest);
}

// Buffers of the published modules in a state dict.
bool IsKeptBuffer(absl::string_view name) {
  return name == "inner.H_init" || name == "inner.L_init" ||
         name == "inner.puzzle_emb.weights";
}

struct ProcessGroup {
  WeightSet set;
  size_t container = 0;
  std::set<std::string> names;
};

class Finder {
 public:
  explicit Finder(const NamedContents& contents) : contents_(contents) {}

  WeightSets Run() {
    for (size_t i = 0; i < contents_.tensors.size(); ++i) Sort(i);
    for (ProcessGroup& group : groups_) {
      if (group.names.count(absl::StrCat("inner.", kTokens)) > 0) Keep(group);
    }
    JudgeByNames();
    FindLists();
    for (const NamedNumber& number : contents_.numbers) Count(number);
    for (WeightSet& set : out_.sets) {
      if (set.averaged || set.stale) Complete(set);
    }
    std::vector<bool> taken(contents_.tensors.size(), false);
    for (const WeightSet& set : out_.sets) {
      for (const size_t place : set.members) taken[place] = true;
    }
    for (size_t i = 0; i < out_.sets.size(); ++i) {
      LookBeside(containers_[i], taken, out_.sets[i]);
    }
    return std::move(out_);
  }

 private:
  const NamedTensor& At(size_t place) const { return contents_.tensors[place]; }

  // Adds a tensor with the name of a weight to the set of its prefix. If the
  // set already has that name, adds it to another set of the same prefix.
  void Sort(size_t place) {
    const NamedTensor& tensor = At(place);
    const absl::string_view path = tensor.path;
    size_t start = WeightNameStart(path);
    has_name_.push_back(start != path.npos);
    std::string name;
    std::string form;
    if (start != path.npos) {
      name = absl::StrCat("inner.", path.substr(start));
    } else {
      const std::optional<std::string> joined = NameWithoutDots(path);
      if (!joined.has_value() || !tensor.is_weight) return;
      start = LastWord(path);
      name = absl::StrCat("inner.", *joined);
      form = " without dots";
    }
    std::vector<size_t>& same =
        places_[absl::StrCat(path.substr(0, start), form)];
    const auto fits = std::find_if(same.begin(), same.end(), [&](size_t known) {
      return groups_[known].names.count(name) == 0;
    });
    size_t group = groups_.size();
    if (fits != same.end()) {
      group = *fits;
    } else {
      if (same.size() > kMaxSets) return;
      same.push_back(group);
      groups_.emplace_back().container = tensor.container;
      groups_.back().set.prefix = std::string(path.substr(0, start));
      // Only averages have this form.
      groups_.back().set.averaged = !form.empty();
    }
    ProcessGroup& to = groups_[group];
    to.container = std::min(to.container, tensor.container);
    to.names.insert(name);
    to.set.members.push_back(place);
    to.set.names.push_back(std::move(name));
  }

  void Keep(ProcessGroup& group) {
    if (out_.sets.size() >= kMaxSets) return;
    WeightSet& set = group.set;
    GiveName(SetName(set.prefix, std::min(group.container, set.prefix.size())),
             set);
    containers_.push_back(group.container);
    out_.sets.push_back(std::move(set));
  }

  // Makes names unique, also as shown on a terminal.
  void GiveName(const std::string& wanted, WeightSet& set) {
    const std::string whole(absl::StripSuffix(set.prefix, "."));
    set.name = wanted;
    if (names_.count(Printable(set.name)) > 0 && !whole.empty()) {
      set.name = whole;
    }
    for (int i = 2; !names_.insert(Printable(set.name)).second; ++i) {
      set.name = absl::StrCat(wanted, "#", i);
    }
  }

  void JudgeByNames() {
    std::vector<AverageClaim> claims;
    for (size_t i = 0; i < out_.sets.size(); ++i) {
      WeightSet& set = out_.sets[i];
      set.optimizer = IsOptimizerState(set.prefix, containers_[i]);
      set.beside_optimizer = NamesOptimizer(set.prefix);
      claims.push_back(ClaimOf(set.prefix));
    }
    for (size_t i = 0; i < out_.sets.size(); ++i) {
      WeightSet& set = out_.sets[i];
      set.averaged =
          set.averaged || (claims[i].kind == AverageClaim::Kind::kAveraged &&
                           !IsSharedClaim(claims, i));
    }
    // pytorch_lightning.callbacks.WeightAveraging saves the average in the
    // place of the weights.
    for (const WeightSet& raw : out_.sets) {
      absl::string_view around = raw.prefix;
      const size_t at = around.find("current_model_state.");
      if (at == around.npos || (at > 0 && around[at - 1] != '.')) continue;
      const std::string averaged =
          absl::StrCat(around.substr(0, at), "state_dict.");
      for (WeightSet& set : out_.sets) {
        if (absl::StartsWith(set.prefix, averaged)) set.averaged = true;
      }
    }
  }

  // Is set `i` averaged only by the name of an object that also contains a set
  // with a nearer such name? {"ema_run": {"model": …, "ema": …}}
  bool IsSharedClaim(const std::vector<AverageClaim>& claims, size_t i) const {
    const size_t parts = claims[i].parts;
    const std::vector<absl::string_view> mine = Parts(out_.sets[i].prefix);
    for (size_t j = 0; j < claims.size(); ++j) {
      if (claims[j].kind != AverageClaim::Kind::kAveraged ||
          claims[j].parts <= parts) {
        continue;
      }
      const std::vector<absl::string_view> other = Parts(out_.sets[j].prefix);
      if (std::equal(mine.begin(),
                     mine.begin() + static_cast<std::ptrdiff_t>(parts),
                     other.begin())) {
        return true;
      }
    }
    return false;
  }

  // Finds averages that are lists or have numbers as names, in the order of the
  // parameters (torch_ema).
  void FindLists() {
    std::map<std::string, std::vector<size_t>> lists;
    for (size_t i = 0; i < contents_.tensors.size(); ++i) {
      const absl::string_view path = At(i).path;
      const absl::string_view word = path.substr(LastWord(path));
      if (!At(i).is_weight || word.empty() || word.size() == path.size() ||
          word.find_first_not_of("0123456789") != word.npos) {
        continue;
      }
      lists[std::string(path.substr(0, path.size() - word.size() - 1))]
          .push_back(i);
    }
    for (const auto& [path, places] : lists) {
      if (places.size() < 2 || IsOptimizerState(path, path.size()) ||
          ClaimOf(path).kind != AverageClaim::Kind::kAveraged) {
        continue;
      }
      if (!contents_.in_order || !AddList(path, places)) {
        out_.remarks.push_back(absl::StrCat(
            "the file also holds an average without names (", path, ", ",
            Counted(static_cast<int64_t>(places.size()), "tensor"),
            "), which fits no weights in it; not used"));
      }
    }
  }

  bool AddList(const std::string& path, const std::vector<size_t>& places) {
    for (size_t i = 0; i < out_.sets.size(); ++i) {
      const WeightSet& raw = out_.sets[i];
      if (raw.averaged || raw.optimizer) continue;
      for (const bool buffers : {false, true}) {
        std::vector<std::string> names;
        if (!NamesOf(raw, places, buffers, names)) continue;
        WeightSet set;
        set.prefix = absl::StrCat(path, ".");
        set.members = places;
        set.names = std::move(names);
        set.averaged = true;
        GiveName(path, set);
        out_.remarks.push_back(
            absl::StrCat(ShownName(set),
                         " has no names; its tensors have the order "
                         "and shapes of those of ",
                         Printable(raw.name)));
        containers_.push_back(set.prefix.size());
        out_.sets.push_back(std::move(set));
        return true;
      }
    }
    return false;
  }

  // Names the tensors `places` if they have the order and shapes of `raw`, with
  // or without its buffers. Skips tensors of `raw` that are tied to an earlier
  // one.
  bool NamesOf(const WeightSet& raw, const std::vector<size_t>& places,
               bool buffers, std::vector<std::string>& names) const {
    std::set<std::string> seen;
    for (size_t i = 0; i < raw.members.size(); ++i) {
      if (!buffers) {
        const std::string& storage = At(raw.members[i]).storage;
        if (IsKeptBuffer(raw.names[i])) continue;
        if (!storage.empty() && !seen.insert(storage).second) continue;
      }
      const size_t at = names.size();
      if (at >= places.size() ||
          At(places[at]).shape != At(raw.members[i]).shape) {
        return false;
      }
      names.push_back(raw.names[i]);
    }
    return names.size() == places.size();
  }

  // Applies a counter to the averages beside it.
  void Count(const NamedNumber& number) {
    const absl::string_view path = number.path;
    const std::string around(path.substr(0, LastWord(path)));
    const absl::string_view word = path.substr(around.size());
    std::string modules = absl::StrCat(around, "module.");
    absl::string_view lightning = around;
    if (absl::ConsumeSuffix(&lightning, "averaging_state.")) {
      modules = absl::StrCat(lightning, "state_dict.");
    }
    const bool of_average = word != "step" || IsStepOfAverage(around);
    for (WeightSet& set : out_.sets) {
      // torch.optim.swa_utils.AveragedModel: "module.…" beside "n_averaged".
      const bool of_modules =
          word == "n_averaged" && absl::StartsWith(set.prefix, modules);
      if (of_modules) set.averaged = true;
      const bool around_average =
          of_average && absl::StartsWith(set.prefix, around);
      if (!set.averaged || number.value != 0 ||
          (!of_modules && !around_average)) {
        continue;
      }
      set.averaged = false;
      set.stale = true;
      out_.remarks.push_back(
          absl::StrCat(ShownName(set), " was never updated (", word,
                       " is 0), so it does not count as an average"));
    }
  }

  // Is a "step" in `around` the counter of an average instead of a training?
  // ema_pytorch has "initted" beside it, or a name of an average around it.
  bool IsStepOfAverage(const std::string& around) const {
    if (ClaimOf(around).kind == AverageClaim::Kind::kAveraged) return true;
    return std::any_of(contents_.numbers.begin(), contents_.numbers.end(),
                       [&](const NamedNumber& number) {
                         return number.path == absl::StrCat(around, "initted");
                       });
  }

  // Adds the buffers and tied parameters that an average of parameters lacks.
  void Complete(WeightSet& set) const {
    const WeightSet* raw = Partner(set);
    if (raw == nullptr) return;
    std::map<std::string, std::string> by_storage;
    std::map<std::string, size_t> mine;
    for (size_t i = 0; i < set.members.size(); ++i) {
      mine[set.names[i]] = set.members[i];
    }
    for (size_t i = 0; i < raw->members.size(); ++i) {
      const std::string& storage = At(raw->members[i]).storage;
      if (!storage.empty() && mine.count(raw->names[i]) > 0) {
        by_storage.emplace(storage, raw->names[i]);
      }
    }
    for (size_t i = 0; i < raw->members.size(); ++i) {
      const std::string& name = raw->names[i];
      if (mine.count(name) > 0) continue;
      const auto tied = by_storage.find(At(raw->members[i]).storage);
      if (tied != by_storage.end()) {
        set.additions.push_back({name, mine[tied->second], tied->second, true});
        continue;
      }
      set.additions.push_back({name, raw->members[i], ShownName(*raw), false});
      set.partial = set.partial || !IsKeptBuffer(name);
    }
  }

  // The raw weights of which `set` is an average: equal shapes and the longest
  // common path. nullptr: no set has tensors that `set` lacks.
  const WeightSet* Partner(const WeightSet& set) const {
    const WeightSet* best = nullptr;
    size_t most = 0;
    for (const WeightSet& raw : out_.sets) {
      if (raw.averaged || raw.stale || raw.optimizer) continue;
      std::map<std::string, size_t> theirs;
      for (size_t i = 0; i < raw.members.size(); ++i) {
        theirs[raw.names[i]] = raw.members[i];
      }
      bool fits = true;
      size_t shared = 0;
      for (size_t i = 0; i < set.members.size(); ++i) {
        const auto it = theirs.find(set.names[i]);
        if (it == theirs.end() || set.names[i] == kTable) continue;
        ++shared;
        fits = fits && At(it->second).shape == At(set.members[i]).shape;
      }
      const size_t same = static_cast<size_t>(
          std::mismatch(set.prefix.begin(), set.prefix.end(),
                        raw.prefix.begin(), raw.prefix.end())
              .first -
          set.prefix.begin());
      if (!fits || shared == 0 || (best != nullptr && same <= most)) continue;
      best = &raw;
      most = same;
    }
    return best;
  }

  // Assigns tensors without the name of a weight to a set.
  void LookBeside(size_t container, const std::vector<bool>& taken,
                  WeightSet& set) const {
    // Dicts deeper than the prefix represent modules.
    const bool nested = container > set.prefix.size();
    for (size_t i = 0; i < contents_.tensors.size(); ++i) {
      const NamedTensor& tensor = At(i);
      absl::string_view rest = tensor.path;
      if (taken[i] || has_name_[i]) continue;
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

  static constexpr char kTable[] = "inner.puzzle_emb.weights";

  const NamedContents& contents_;
  std::vector<ProcessGroup> groups_;
  std::vector<bool> has_name_;                         // tensor is a weight
  std::map<std::string, std::vector<size_t>> places_;  // groups by prefix
  std::vector<size_t> containers_;                     // by set
  std::set<std::string> names_;                        // ShownNames
  WeightSets out_;
};

}  // namespace

bool IsCounterName(absl::string_view path) {
  constexpr std::array<absl::string_view, 7> kNames = {
      "n_averaged", "num_updates", "optimization_step", "updates",
      "initted",    "step",        "num_averaged"};
  return std::find(kNames.begin(), kNames.end(), path.substr(LastWord(path))) !=
         kNames.end();
}

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

WeightSets FindWeightSets(const NamedContents& contents) {
  return Finder(contents).Run();
}

std::string ShownName(const WeightSet& set) {
  const std::string name = Printable(set.name);
  const bool plain = name.find_first_of(" ,;\"'()") == name.npos;
  return plain ? name : absl::StrCat("\"", name, "\"");
}

absl::StatusOr<size_t> ChooseWeights(const std::vector<WeightSet>& sets,
                                     absl::string_view wanted) {
  if (!wanted.empty()) {
    std::vector<size_t> words;
    std::vector<size_t> ends;
    for (size_t i = 0; i < sets.size(); ++i) {
      const std::string shown = Printable(sets[i].name);
      if (sets[i].name == wanted || shown == wanted) return i;
      for (const std::string& name : {sets[i].name, shown}) {
        if (!absl::EndsWith(name, wanted)) continue;
        const char before = name[name.size() - wanted.size() - 1];
        ends.push_back(i);
        if (before == '.' || before == '/') words.push_back(i);
        break;
      }
    }
    if (words.size() == 1) return words[0];
    if (words.empty() && ends.size() == 1) return ends[0];
    return absl::NotFoundError(absl::StrCat(
        "holds ", ends.empty() ? "no" : "several", " weights named \"",
        Printable(wanted), "\"; there are ", Names(sets)));
  }
  const auto rank = [](const WeightSet& set) {
    if (set.optimizer) return 5;
    if (set.beside_optimizer) return 4;
    if (set.averaged) return set.partial ? 3 : 0;
    return set.stale ? 2 : 1;
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
                   : absl::StrCat("holds only the optimiser state of "
                                  "weights (",
                                  Names(sets),
                                  "); --weights NAME takes "
                                  "it all the same"));
}

}  // namespace arctrm::internal
