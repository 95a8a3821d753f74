// SPDX-License-Identifier: MIT
#include "arc/write.h"

#include "nlohmann/json.hpp"

namespace arctrm {
namespace {

nlohmann::json GridJson(const Grid& grid) {
  nlohmann::json rows = nlohmann::json::array();
  for (int r = 0; r < grid.rows(); ++r) {
    nlohmann::json row = nlohmann::json::array();
    for (int c = 0; c < grid.cols(); ++c) row.push_back(grid.at(r, c));
    rows.push_back(std::move(row));
  }
  return rows;
}

// {"id": …,
// "id": …}: one task per line.
std::string Lines(
    const std::vector<std::pair<std::string, std::string>>& items) {
  std::string text = "{";
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += ",\n ";
    text += nlohmann::json(items[i].first).dump() + ": " + items[i].second;
  }
  return text + "}\n";
}

}  // namespace

std::string ChallengesJson(const ChallengeSet& challenges) {
  std::vector<std::pair<std::string, std::string>> items;
  for (const Task& task : challenges.tasks) {
    nlohmann::ordered_json json;
    json["train"] = nlohmann::json::array();
    json["test"] = nlohmann::json::array();
    for (const Pair& pair : task.demonstrations) {
      json["train"].push_back(
          {{"input", GridJson(pair.input)}, {"output", GridJson(pair.output)}});
    }
    for (const Grid& input : task.test_inputs) {
      json["test"].push_back({{"input", GridJson(input)}});
    }
    items.emplace_back(task.id, json.dump());
  }
  return Lines(items);
}

std::string SolutionsJson(const SolutionSet& solutions) {
  std::vector<std::pair<std::string, std::string>> items;
  for (const auto& [id, grids] : solutions) {
    nlohmann::json json = nlohmann::json::array();
    for (const Grid& grid : grids) json.push_back(GridJson(grid));
    items.emplace_back(id, json.dump());
  }
  return Lines(items);
}

}  // namespace arctrm
