// SPDX-License-Identifier: MIT
// Checks that HTML is well formed.
#pragma once

#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace arctrm {

// Counts occurrences of `part` in `text`.
inline int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// Returns the first fault of `html`, or "". Elements must be closed in order,
// attributes quoted and unique, ids unique, and text free of stray '<', '>' and
// '&'. Skips the content of <style> and <script>.
inline std::string MarkupFault(const std::string& html) {
  const std::set<std::string> empty_elements = {"meta", "br", "input"};
  std::vector<std::string> open;
  std::set<std::string> ids;
  size_t at = 0;
  const auto fault = [&](const std::string& what) {
    const size_t from = at < 40 ? 0 : at - 40;
    return absl::StrCat(what, " at ", at, ": ", html.substr(from, 100));
  };
  const auto name_end = [&](size_t i) {
    while (i < html.size() &&
           (std::isalnum(static_cast<unsigned char>(html[i])) != 0 ||
            html[i] == '-')) {
      ++i;
    }
    return i;
  };
  const auto entity_ok = [&](size_t i) {
    const size_t end = html.find(';', i);
    return end != std::string::npos && end - i >= 3 && end - i <= 8;
  };
  while (at < html.size()) {
    if (html[at] == '&' && !entity_ok(at)) return fault("stray '&'");
    if (html[at] == '>') return fault("stray '>'");
    if (html[at] != '<') {
      ++at;
      continue;
    }
    if (html.compare(at, 15, "<!DOCTYPE html>") == 0) {
      at += 15;
      continue;
    }
    const bool closing = html.compare(at, 2, "</") == 0;
    const size_t start = at + (closing ? 2 : 1);
    size_t i = name_end(start);
    const std::string name = html.substr(start, i - start);
    if (name.empty()) return fault("stray '<'");
    if (closing) {
      if (html[i] != '>') return fault("closing tag with more than a name");
      if (open.empty() || open.back() != name) {
        return fault(absl::StrCat("unexpected </", name, ">"));
      }
      open.pop_back();
      at = i + 1;
      continue;
    }
    std::set<std::string> attributes;
    while (i < html.size() && html[i] == ' ') {
      const size_t end = name_end(i + 1);
      const std::string attribute = html.substr(i + 1, end - i - 1);
      if (attribute.empty() || !attributes.insert(attribute).second) {
        return fault("attribute without name or given twice");
      }
      if (html.compare(end, 2, "=\"") != 0) return fault("unquoted attribute");
      const size_t quote = html.find('"', end + 2);
      if (quote == std::string::npos) return fault("open attribute");
      const std::string value = html.substr(end + 2, quote - end - 2);
      if (value.find('<') != std::string::npos)
        return fault("'<' in attribute");
      if (attribute == "id" && !ids.insert(value).second) {
        return fault("id given twice");
      }
      i = quote + 1;
    }
    const bool closed = html.compare(i, 2, "/>") == 0;
    if (closed) ++i;
    if (i >= html.size() || html[i] != '>') return fault("tag not closed");
    at = i + 1;
    if (closed || empty_elements.count(name) > 0) continue;
    open.push_back(name);
    if (name == "style" || name == "script") {
      at = html.find(absl::StrCat("</", name, ">"), at);
      if (at == std::string::npos) return absl::StrCat(name, " not closed");
    }
  }
  if (!open.empty()) return absl::StrCat("<", open.back(), "> is not closed");
  return "";
}

}  // namespace arctrm
