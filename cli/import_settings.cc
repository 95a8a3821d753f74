// SPDX-License-Identifier: MIT
#include "cli/import_settings.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr char kConfig[] = "all_config.yaml";

// Returns the "key: value" lines of the top-level block `block`, without deeper
// blocks. Understands only the YAML that yaml.dump writes for scalars.
std::map<std::string, std::string> BlockOf(absl::string_view yaml,
                                           absl::string_view block) {
  std::map<std::string, std::string> values;
  bool inside = false;
  size_t indent = 0;
  for (absl::string_view line : absl::StrSplit(yaml, '\n')) {
    const size_t comment = line.find(" #");
    if (comment != line.npos) line = line.substr(0, comment);
    const size_t start = line.find_first_not_of(' ');
    line = absl::StripTrailingAsciiWhitespace(line);
    if (start == line.npos || start >= line.size() || line[start] == '#') {
      continue;
    }
    if (start == 0) {
      inside = line == absl::StrCat(block, ":");
      indent = 0;
      continue;
    }
    if (indent == 0) indent = start;
    const size_t colon = line.find(": ");
    if (!inside || start != indent || colon == line.npos) continue;
    absl::string_view value =
        absl::StripAsciiWhitespace(line.substr(colon + 2));
    if (value.size() >= 2 && value.front() == value.back() &&
        (value.front() == '\'' || value.front() == '"')) {
      value = value.substr(1, value.size() - 2);
    }
    values[std::string(line.substr(start, colon - start))] = std::string(value);
  }
  return values;
}

// Returns the number of positions of an embedding row: the one in the file, or
// the number that its values fill.
std::string PrefixOf(const std::map<std::string, std::string>& arch) {
  const auto number = [&](const char* key) {
    const auto it = arch.find(key);
    int64_t value = 0;
    return it != arch.end() && absl::SimpleAtoi(it->second, &value) ? value : 0;
  };
  const int64_t hidden = number("hidden_size");
  const int64_t written = number("puzzle_emb_len");
  const int64_t numbers = number("puzzle_emb_ndim");
  if (arch.count("puzzle_emb_ndim") == 0 || hidden <= 0) return "";
  if (numbers <= 0) return "0";
  return absl::StrCat(written > 0 ? written : (numbers + hidden - 1) / hidden);
}

std::string KeyOf(absl::string_view assignment) {
  return std::string(
      absl::StripAsciiWhitespace(assignment.substr(0, assignment.find('='))));
}

std::string ValueOf(const std::string& key, ModelOptions model) {
  OptionSet options;
  AddOptions(model, options);
  for (const OptionSet::Item& item : options.Items()) {
    if (item.key == key) return item.value;
  }
  return "";
}

}  // namespace

std::map<std::string, std::string> PublishedSettings(absl::string_view yaml) {
  const std::map<std::string, std::string> arch = BlockOf(yaml, "arch");
  std::map<std::string, std::string> settings;
  const std::vector<std::pair<const char*, const char*>> same = {
      {"num_heads", "model.heads"},
      {"expansion", "model.expansion"},
      {"H_cycles", "model.H_cycles"},
      {"L_cycles", "model.L_cycles"},
      {"halt_max_steps", "model.halt_max_steps"},
      {"halt_exploration_prob", "model.exploration"},
      {"pos_encodings", "model.positions"},
      {"rope_theta", "model.rope_theta"}};
  for (const auto& [theirs, ours] : same) {
    const auto it = arch.find(theirs);
    if (it != arch.end()) settings[ours] = it->second;
  }
  const std::string prefix = PrefixOf(arch);
  if (!prefix.empty()) settings["model.puzzle_prefix"] = prefix;
  const auto halting = arch.find("no_ACT_continue");
  if (halting != arch.end()) {
    settings["model.continue_head"] =
        absl::EqualsIgnoreCase(halting->second, "true") ? "false" : "true";
  }
  return settings;
}

absl::StatusOr<ImportSettings> ApplyPublishedSettings(
    const std::string& weights, const std::vector<std::string>& set,
    ModelOptions& model) {
  ImportSettings result;
  std::set<std::string> given;
  for (const std::string& assignment : set) given.insert(KeyOf(assignment));
  result.known = given;
  const std::string path = JoinPath(Dirname(weights), kConfig);
  if (!FileExists(path) || IsDirectory(path)) return result;
  ARCTRM_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path));
  OptionSet options;
  AddOptions(model, options);
  std::vector<std::string> used;
  std::vector<std::string> unlike;
  for (const auto& [key, value] : PublishedSettings(yaml)) {
    if (given.count(key) > 0) {
      ModelOptions theirs = model;
      OptionSet other;
      AddOptions(theirs, other);
      if (!other.Set(key, value).ok() || theirs != model) {
        unlike.push_back(absl::StrCat(key, " = ", value));
      }
      continue;
    }
    ARCTRM_RETURN_IF_ERROR(Annotate(options.Set(key, value), path));
    result.known.insert(key);
    used.push_back(absl::StrCat(key, " = ", value));
  }
  if (used.empty() && unlike.empty()) {
    result.text = absl::StrCat("note        ", Printable(path),
                               ": no settings of a network found\n");
    return result;
  }
  result.text =
      absl::StrCat("settings    ", Printable(absl::StrJoin(used, ", ")),
                   " from ", Printable(path), "\n");
  if (!unlike.empty()) {
    absl::StrAppend(
        &result.text, "note        ", Printable(path), " has other values (",
        Printable(absl::StrJoin(unlike, ", ")), "); --set overrides them\n");
  }
  return result;
}

std::string AssumedText(const ImportSettings& settings,
                        const std::string& recipe, const ModelOptions& model) {
  std::vector<std::string> keys = {"model.H_cycles", "model.L_cycles",
                                   "model.halt_max_steps",
                                   "model.continue_head"};
  if (!model.mixer) keys.insert(keys.begin(), "model.heads");
  if (!model.mixer && model.positions != "learned") {
    keys.insert(keys.end(), {"model.positions", "model.puzzle_prefix"});
    if (model.positions == "rope") {
      keys.insert(keys.end(), {"model.rope", "model.rope_theta"});
    }
  }
  std::vector<std::string> assumed;
  for (const std::string& key : keys) {
    if (settings.known.count(key) > 0) continue;
    assumed.push_back(absl::StrCat(key, " = ", ValueOf(key, model)));
  }
  if (assumed.empty()) return "";
  return absl::StrCat("assumed     ", absl::StrJoin(assumed, ", "),
                      ": not stored with the weights, so recipe ",
                      Printable(recipe),
                      " decides; --set KEY=VALUE changes them\n");
}

}  // namespace arctrm
