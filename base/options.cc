// SPDX-License-Identifier: MIT
#include "base/options.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace arctrm {
namespace {

std::string NumberText(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end.ptr);
}

// Edit distance (insert, delete, replace).
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t keep = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({keep, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

void OptionSet::Insert(Field field) {
  for (const Field& other : fields_) ARCTRM_CHECK(other.key != field.key);
  field.default_value = Text(field);
  fields_.push_back(std::move(field));
}

void OptionSet::Add(absl::string_view key, int* target, absl::string_view help,
                    double min, double max) {
  Insert({std::string(key),
          Type::kInt,
          target,
          std::string(help),
          min,
          max,
          {},
          ""});
}

void OptionSet::Add(absl::string_view key, double* target,
                    absl::string_view help, double min, double max) {
  Insert({std::string(key),
          Type::kDouble,
          target,
          std::string(help),
          min,
          max,
          {},
          ""});
}

void OptionSet::Add(absl::string_view key, bool* target,
                    absl::string_view help) {
  Insert(
      {std::string(key), Type::kBool, target, std::string(help), 0, 1, {}, ""});
}

void OptionSet::Add(absl::string_view key, std::string* target,
                    absl::string_view help, std::vector<std::string> allowed) {
  Insert({std::string(key), Type::kString, target, std::string(help), 0, 0,
          std::move(allowed), ""});
}

void OptionSet::AddAlias(absl::string_view old_key, absl::string_view key,
                         std::map<std::string, std::string> values) {
  bool found = false;
  for (const Field& field : fields_) {
    ARCTRM_CHECK(field.key != old_key);
    found = found || field.key == key;
  }
  ARCTRM_CHECK(found);
  aliases_[std::string(old_key)] = {std::string(key), std::move(values)};
}

std::string OptionSet::Text(const Field& field) {
  switch (field.type) {
    case Type::kInt:
      return absl::StrCat(*static_cast<int*>(field.target));
    case Type::kDouble:
      return NumberText(*static_cast<double*>(field.target));
    case Type::kBool:
      return *static_cast<bool*>(field.target) ? "true" : "false";
    case Type::kString:
      return *static_cast<std::string*>(field.target);
  }
  return "";
}

std::string OptionSet::Range(const Field& field) {
  switch (field.type) {
    case Type::kInt:
      return absl::StrCat(static_cast<int64_t>(field.min), " to ",
                          static_cast<int64_t>(field.max));
    case Type::kDouble:
      return absl::StrCat(NumberText(field.min), " to ", NumberText(field.max));
    case Type::kBool:
      return "true or false";
    case Type::kString:
      return absl::StrJoin(field.allowed, ", ");
  }
  return "";
}

std::pair<std::string, std::string> OptionSet::Resolve(
    absl::string_view key, absl::string_view value) const {
  std::string text(value);
  const auto alias = aliases_.find(std::string(key));
  if (alias == aliases_.end()) return {std::string(key), std::move(text)};
  const auto renamed = alias->second.values.find(text);
  if (renamed != alias->second.values.end()) text = renamed->second;
  return {alias->second.key, std::move(text)};
}

absl::Status OptionSet::Set(absl::string_view asked_key,
                            absl::string_view asked_value) {
  const auto [key, value] = Resolve(asked_key, asked_value);
  for (Field& field : fields_) {
    if (field.key != key) continue;
    bool fits = false;
    switch (field.type) {
      case Type::kInt: {
        int number = 0;
        fits = absl::SimpleAtoi(value, &number) && number >= field.min &&
               number <= field.max;
        if (fits) *static_cast<int*>(field.target) = number;
        break;
      }
      case Type::kDouble: {
        double number = 0;
        fits = absl::SimpleAtod(value, &number) && number >= field.min &&
               number <= field.max;
        if (fits) *static_cast<double*>(field.target) = number;
        break;
      }
      case Type::kBool: {
        bool flag = false;
        fits = absl::SimpleAtob(value, &flag);
        if (fits) *static_cast<bool*>(field.target) = flag;
        break;
      }
      case Type::kString:
        fits = field.allowed.empty() ||
               std::find(field.allowed.begin(), field.allowed.end(), value) !=
                   field.allowed.end();
        if (fits) *static_cast<std::string*>(field.target) = value;
        break;
    }
    if (fits) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(key, " = ", value, ": expected ",
                     field.type == Type::kInt ? "a whole number from " : "",
                     field.type == Type::kDouble ? "a number from " : "",
                     Range(field), " (", field.help, ")"));
  }
  std::string nearest;
  size_t best = 4;
  for (const Field& field : fields_) {
    const size_t distance = Distance(key, field.key);
    // Users often type only the part after the dot.
    const size_t dot = field.key.find('.');
    const bool bare =
        dot != std::string::npos && field.key.substr(dot + 1) == key;
    if (bare || distance < best) {
      best = bare ? 0 : distance;
      nearest = field.key;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown option ", key, nearest.empty() ? "" : "; did you mean ", nearest,
      nearest.empty() ? "" : "?"));
}

std::vector<OptionSet::Item> OptionSet::Items() const {
  std::vector<Item> items;
  for (const Field& field : fields_) {
    items.push_back({field.key, Text(field), field.default_value, field.help,
                     Range(field)});
  }
  return items;
}

}  // namespace arctrm
