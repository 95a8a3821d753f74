// SPDX-License-Identifier: MIT
#include "pipeline/run_record.h"

#include <limits>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/hash.h"
#include "base/options.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "pipeline/run_options.h"
#include "simdjson.h"

namespace arctrm {
namespace {

using nlohmann::ordered_json;
using simdjson::dom::element;

constexpr char kFormat[] = "arctrm-run";
constexpr int kVersion = 1;

enum class Field {
  kRequired,
  kOptional,  // records of earlier versions lack it
};

// The fields of run.json in the order of the file, one list for writing and
// reading.
template <typename Record, typename Visit>
void VisitFields(Record& record, Visit visit) {
  visit("title", Field::kRequired, record.title);
  visit("status", Field::kRequired, record.status);
  visit("elapsed_s", Field::kRequired, record.elapsed_s);
  visit("copies", Field::kRequired, record.augmentations);
  visit("planned_steps", Field::kRequired, record.planned_steps);
  visit("training_done", Field::kRequired, record.training_done);
  visit("voting_done", Field::kRequired, record.voting_done);
  visit("warnings", Field::kRequired, record.warnings);
  visit("settings", Field::kRequired, record.settings);
  visit("facts", Field::kRequired, record.facts);
  visit("groups", Field::kRequired, record.task_labels);
  visit("steps", Field::kOptional, record.steps);
  visit("votes", Field::kOptional, record.votes);
  visit("snapshots", Field::kOptional, record.snapshots);
  visit("score", Field::kOptional, record.score);
  visit("out", Field::kOptional, record.out);
  visit("fingerprints", Field::kOptional, record.fingerprints);
  visit("run", Field::kOptional, record.run);
  visit("dataset", Field::kOptional, record.dataset);
}

template <typename T>
ordered_json Write(const T& value) {
  return value;
}

ordered_json Write(const Facts& facts) {
  ordered_json sections = ordered_json::array();
  for (const auto& [section, rows] : facts) {
    ordered_json json_rows = ordered_json::array();
    for (const auto& [key, value] : rows) json_rows.push_back({key, value});
    sections.push_back({{"section", section}, {"rows", std::move(json_rows)}});
  }
  return sections;
}

// Each returns false for a value of another type.
template <typename T>
bool Read(const element& from, T& value) {
  return from.get(value) == simdjson::SUCCESS;
}

bool Read(const element& from, std::string& value) {
  std::string_view view;
  if (!Read(from, view)) return false;
  value = std::string(view);
  return true;
}

bool Read(const element& from, int& value) {
  int64_t wide = 0;
  if (!Read(from, wide) || wide < std::numeric_limits<int>::min() ||
      wide > std::numeric_limits<int>::max()) {
    return false;
  }
  value = static_cast<int>(wide);
  return true;
}

bool Read(const element& from, std::vector<std::string>& values) {
  simdjson::dom::array array;
  if (!Read(from, array)) return false;
  for (const element item : array) {
    if (!Read(item, values.emplace_back())) return false;
  }
  return true;
}

bool Read(const element& from, std::map<std::string, std::string>& values) {
  simdjson::dom::object object;
  if (!Read(from, object)) return false;
  for (const auto item : object) {
    if (!Read(item.value, values[std::string(item.key)])) return false;
  }
  return true;
}

bool Read(const element& from, Facts& facts);

template <typename T>
bool ReadMember(const element& object, const char* key, T& value) {
  element member;
  return object[key].get(member) == simdjson::SUCCESS && Read(member, value);
}

bool Read(const element& from, Facts& facts) {
  simdjson::dom::array sections;
  if (!Read(from, sections)) return false;
  for (const element item : sections) {
    auto& [section, rows] = facts.emplace_back();
    simdjson::dom::array pairs;
    if (!ReadMember(item, "section", section) ||
        !ReadMember(item, "rows", pairs)) {
      return false;
    }
    for (const element pair : pairs) {
      std::vector<std::string> texts;
      if (!Read(pair, texts) || texts.size() < 2) return false;
      rows.emplace_back(std::move(texts[0]), std::move(texts[1]));
    }
  }
  return true;
}

// Settings of older versions under the keys of this one.
std::map<std::string, std::string> UnderPresentNames(
    const std::map<std::string, std::string>& settings) {
  RunOptions options;
  OptionSet set;
  AddOptions(options.train, set);
  AddOptions(options.planning, set);
  std::map<std::string, std::string> present;
  for (const auto& [key, value] : settings) {
    present.insert(set.Resolve(key, value));
  }
  return present;
}

}  // namespace

bool IsBeingTrained(const RunRecord& record) {
  return record.status == "preparing" || record.status == "training";
}

std::string RunRecordText(const RunRecord& record) {
  ordered_json json = {{"format", kFormat}, {"version", kVersion}};
  VisitFields(record, [&](const char* key, Field, const auto& value) {
    json[key] = Write(value);
  });
  json[kSelfSha256] = std::string(kSha256Digits, '0');
  return WithSelfSha256(
      json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

absl::StatusOr<RunRecord> ParseRunRecord(const std::string& text,
                                         const std::string& path) {
  const auto damaged = [&](absl::string_view fault) {
    return absl::DataLossError(absl::StrCat(path, ": damaged: ", fault));
  };
  simdjson::dom::parser parser;
  element root;
  std::string format;
  int version = 0;
  if (parser.parse(text).get(root) != simdjson::SUCCESS) {
    return damaged("not JSON");
  }
  if (!ReadMember(root, "format", format) || format != kFormat ||
      !ReadMember(root, "version", version)) {
    return damaged("not the record of a run");
  }
  if (version != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": format version ", version,
                     "; this arctrm reads version ", kVersion));
  }
  RunRecord record;
  absl::Status status;
  VisitFields(record, [&](const char* key, Field field, auto& value) {
    const bool absent = root[key].error() == simdjson::NO_SUCH_FIELD;
    if ((absent && field == Field::kOptional) || !status.ok()) return;
    if (!ReadMember(root, key, value)) {
      status = damaged(absl::StrCat(key, " is missing or invalid"));
    }
  });
  ARCTRM_RETURN_IF_ERROR(status);
  record.settings = UnderPresentNames(record.settings);
  // Records without a name are older than the checksum.
  std::string sum;
  const bool has_sum = ReadMember(root, kSelfSha256, sum);
  if ((has_sum || !record.run.empty()) &&
      !(has_sum && SelfSha256Holds(text, sum))) {
    return damaged("its checksum does not match, so it was changed later");
  }
  return record;
}

}  // namespace arctrm
