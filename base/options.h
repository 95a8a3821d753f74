// SPDX-License-Identifier: MIT
// One description of a set of options serves to parse "key=value", print help,
// and list the current values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace arctrm {

// Borrows the fields that it describes. Keys look like "train.learning_rate".
class OptionSet {
 public:
  // `min` and `max` are inclusive.
  void Add(absl::string_view key, int* target, absl::string_view help,
           double min, double max);
  void Add(absl::string_view key, double* target, absl::string_view help,
           double min, double max);
  void Add(absl::string_view key, bool* target, absl::string_view help);
  // If `allowed` is empty, any text is.
  void Add(absl::string_view key, std::string* target, absl::string_view help,
           std::vector<std::string> allowed);

  // Reads `old_key` as `key`, which must be there. `values` maps an old value
  // to its present name; other values stay as they are. Items() omits aliases.
  void AddAlias(absl::string_view old_key, absl::string_view key,
                std::map<std::string, std::string> values);

  // InvalidArgument: an unknown key (with the nearest known one), a value of
  // the wrong type or out of range (with the range).
  absl::Status Set(absl::string_view key, absl::string_view value);

  struct Item {
    std::string key;
    std::string value;          // the current value; doubles round-trip
    std::string default_value;  // the value when it was added
    std::string help;
    std::string range;  // "1 to 768", "true or false", "auto, cpu"
  };
  // (key, value) under its present names.
  std::pair<std::string, std::string> Resolve(absl::string_view key,
                                              absl::string_view value) const;
  // In the order added.
  std::vector<Item> Items() const;

 private:
  enum class Type { kInt, kDouble, kBool, kString };
  struct Field {
    std::string key;
    Type type;
    void* target;
    std::string help;
    double min;
    double max;
    std::vector<std::string> allowed;
    std::string default_value;
  };
  static std::string Text(const Field& field);
  static std::string Range(const Field& field);
  void Insert(Field field);

  struct Alias {
    std::string key;
    std::map<std::string, std::string> values;
  };

  std::vector<Field> fields_;
  std::map<std::string, Alias> aliases_;  // by old key
};

}  // namespace arctrm
