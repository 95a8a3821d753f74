// SPDX-License-Identifier: MIT
#include "solver/checkpoint/set_names.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace arctrm::internal {
namespace {

using WordSet = std::set<std::string>;

bool IsIn(const WordSet& words, absl::string_view word) {
  return words.count(std::string(word)) > 0;
}

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// "ema0999" and "modelema" give "ema".
std::string Stem(absl::string_view word) {
  while (!word.empty() && IsDigit(word.back())) word.remove_suffix(1);
  for (const char* around : {"model", "net", "weights", "params", "state"}) {
    const absl::string_view before = word;
    if (absl::ConsumePrefix(&word, around) ||
        absl::ConsumeSuffix(&word, around)) {
      if (word.empty()) return std::string(before);
    }
  }
  return std::string(word);
}

bool MeansAverage(absl::string_view word) {
  static const auto* const known =
      new WordSet{"ema",      "emas",     "swa",       "avg",    "average",
                  "averages", "averaged", "averaging", "shadow", "polyak"};
  return IsIn(*known, Stem(word));
}

// The claim of words such as "no_ema", "ema_off", "pre_ema" and
// "ema_model_raw".
AverageClaim::Kind WordsSay(absl::string_view part) {
  static const auto* const raw =
      new WordSet{"raw",     "online", "orig",   "original",  "backup",
                  "source",  "noema",  "nonema", "collected", "unaveraged",
                  "current", "noswa",  "nonswa"};
  static const auto* const no = new WordSet{"no", "non",   "not",   "without",
                                            "wo", "false", "minus", "sans"};
  static const auto* const earlier = new WordSet{"pre", "un", "ex", "anti"};
  static const auto* const off =
      new WordSet{"off", "free", "unused", "disabled", "less"};
  const std::vector<std::string> words = Words(part);
  bool averaged = false;
  bool denied = false;
  bool says_raw = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "before") {
      // "ema_before_training" is an average, "before_ema" is not.
      denied = denied || !averaged;
      continue;
    }
    says_raw = says_raw || IsIn(*raw, word);
    denied = denied || IsIn(*no, word);
    const bool moment =
        i > 0 && (words[i - 1] == "exp" || words[i - 1] == "square" ||
                  words[i - 1] == "grad");
    if (moment || !MeansAverage(word)) continue;
    averaged = true;
    if (i > 0 && IsIn(*earlier, words[i - 1])) denied = true;
    if (i + 1 < words.size() && IsIn(*off, words[i + 1])) denied = true;
  }
  if (averaged) {
    return denied || says_raw ? AverageClaim::Kind::kRaw
                              : AverageClaim::Kind::kAveraged;
  }
  return says_raw ? AverageClaim::Kind::kRaw : AverageClaim::Kind::kNothing;
}

}  // namespace

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

std::vector<absl::string_view> Parts(absl::string_view path) {
  return absl::StrSplit(path, '.', absl::SkipEmpty());
}

AverageClaim ClaimOf(absl::string_view path) {
  const std::vector<absl::string_view> parts = Parts(path);
  for (size_t i = parts.size(); i-- > 0;) {
    const AverageClaim::Kind kind = WordsSay(parts[i]);
    if (kind != AverageClaim::Kind::kNothing) return {kind, i + 1};
  }
  return {};
}

namespace {

bool IsOptimizerName(absl::string_view part) {
  static const auto* const optimizers = new WordSet{"optimizer",
                                                    "optimizers",
                                                    "optim",
                                                    "optims",
                                                    "opt",
                                                    "optimizer_state",
                                                    "optimizer_states",
                                                    "optimizer_state_dict",
                                                    "optim_state"};
  return IsIn(*optimizers, absl::AsciiStrToLower(part));
}

}  // namespace

bool IsOptimizerState(absl::string_view prefix, size_t container) {
  static const auto* const inside = new WordSet{
      "m", "v", "mu", "nu", "momentum", "momenta", "velocity", "moments"};
  static const auto* const moments = new WordSet{
      "exp_avg",        "exp_avg_sq",      "exp_avgs",      "exp_avg_sqs",
      "max_exp_avg_sq", "max_exp_avg_sqs", "exp_inf",       "square_avg",
      "acc_delta",      "momentum_buffer", "grad_avg",      "momentum_buffers",
      "first_moment",   "second_moment",   "first_moments", "second_moments",
      "grad",           "grads",           "gradients"};
  std::vector<absl::string_view> parts =
      Parts(container > 0 ? prefix.substr(0, std::min(container, prefix.size()))
                          : prefix);
  if (container == 0) {
    while (!parts.empty() &&
           (parts.back() == "inner" || parts.back() == "model" ||
            parts.back() == "module")) {
      parts.pop_back();
    }
  }
  if (parts.empty()) return false;
  if (IsIn(*moments, absl::AsciiStrToLower(parts.back()))) return true;
  // "optimizer.state.", "optimizers.0.state.", "opt.mu.".
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!IsOptimizerName(parts[i])) continue;
    size_t next = i + 1;
    if (IsDigit(parts[next][0]) && next + 1 < parts.size()) ++next;
    if (parts[next] == "state" || IsIn(*inside, parts[next])) return true;
  }
  return false;
}

bool NamesOptimizer(absl::string_view prefix) {
  for (const absl::string_view part : Parts(prefix)) {
    if (IsOptimizerName(part)) return true;
  }
  return false;
}

std::optional<std::string> NameWithoutDots(absl::string_view path) {
  const size_t dot = path.rfind('.');
  const absl::string_view word = dot == path.npos ? path : path.substr(dot + 1);
  constexpr std::array<const char*, 8> kPlain = {
      "embed_tokens.embedding_weight",
      "embed_pos.embedding_weight",
      "lm_head.weight",
      "q_head.weight",
      "q_head.bias",
      "puzzle_emb.weights",
      "H_init",
      "L_init"};
  for (const absl::string_view name : kPlain) {
    std::string joined(name);
    joined.erase(std::remove(joined.begin(), joined.end(), '.'), joined.end());
    if (joined != name && absl::EndsWith(word, joined)) {
      return std::string(name);
    }
  }
  constexpr std::array<const char*, 6> kInLayers = {
      "self_attn.qkv_proj", "self_attn.o_proj",   "mlp.gate_up_proj",
      "mlp.down_proj",      "mlp_t.gate_up_proj", "mlp_t.down_proj"};
  for (const absl::string_view name : kInLayers) {
    std::string joined = absl::StrCat(name, "weight");
    joined.erase(std::remove(joined.begin(), joined.end(), '.'), joined.end());
    absl::string_view rest = word;
    if (!absl::ConsumeSuffix(&rest, joined)) continue;
    size_t digits = rest.size();
    while (digits > 0 && IsDigit(rest[digits - 1])) --digits;
    const absl::string_view layer = rest.substr(digits);
    rest = rest.substr(0, digits);
    for (const absl::string_view level : {"L", "H"}) {
      if (layer.empty() ||
          !absl::EndsWith(rest, absl::StrCat(level, "_levellayers"))) {
        continue;
      }
      return absl::StrCat(level, "_level.layers.", layer, ".", name, ".weight");
    }
  }
  return std::nullopt;
}

}  // namespace arctrm::internal
