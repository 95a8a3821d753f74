// SPDX-License-Identifier: MIT
#include "tta/ballots.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "arc/placeholder.h"
#include "augment/augmentation.h"
#include "base/compress.h"
#include "base/files.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"

namespace arctrm {
namespace {

using simdjson::dom::object;

constexpr char kFormat[] = "arctrm-ballots";
constexpr int kVersion = 1;
// 400 tasks with 1000 views of the largest grids need less than half of it.
constexpr int64_t kMaxBytes = int64_t{4} << 30;

float CleanConfidence(float confidence) {
  if (std::isnan(confidence)) return 0;
  return std::clamp(confidence, 0.0f, 1.0f);
}

// The shortest decimal that gives the same double.
std::string Decimal(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end.ptr);
}

// The shortest decimal that gives the same float when read as a double.
std::string Decimal(float value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  double back = 0;
  std::from_chars(buffer, end.ptr, back);
  if (static_cast<float>(back) == value) return std::string(buffer, end.ptr);
  return Decimal(static_cast<double>(value));
}

// Rows of digits separated by blanks; "" for an empty grid.
std::string GridDigits(const Grid& grid) {
  std::string text;
  text.reserve(static_cast<size_t>((grid.cols() + 1) * grid.rows()));
  for (int row = 0; row < grid.rows(); ++row) {
    if (row > 0) text.push_back(' ');
    for (int col = 0; col < grid.cols(); ++col) {
      text.push_back(static_cast<char>('0' + grid.at(row, col)));
    }
  }
  return text;
}

std::optional<Grid> GridFromDigits(std::string_view text) {
  if (text.empty()) return Grid();
  std::vector<uint8_t> cells;
  int rows = 1;
  int cols = -1;
  int width = 0;
  for (const char c : text) {
    if (c == ' ') {
      if (width == 0 || (cols >= 0 && width != cols)) return std::nullopt;
      cols = width;
      width = 0;
      ++rows;
    } else if (c >= '0' && c <= '9') {
      cells.push_back(static_cast<uint8_t>(c - '0'));
      ++width;
    } else {
      return std::nullopt;
    }
  }
  if (width == 0 || (cols >= 0 && width != cols)) return std::nullopt;
  if (rows > kMaxSide || width > kMaxSide) return std::nullopt;
  return Grid(rows, width, std::move(cells));
}

struct BallotsHeader {
  std::string run;
  int64_t votes = 0;
};

// DataLoss without the place; FailedPrecondition for other files and versions.
absl::Status ReadHeader(object line, BallotsHeader& header) {
  std::string_view format;
  if (line["format"].get(format) != simdjson::SUCCESS || format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("not a ballots file (the first line lacks \"format\":\"",
                     kFormat, "\")"));
  }
  int64_t version = 0;
  if (line["version"].get(version) != simdjson::SUCCESS || version < 1) {
    return absl::DataLossError("no version");
  }
  if (version > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("ballots of version ", version, ", this program reads ",
                     kVersion, "; use a newer arctrm"));
  }
  if (line["votes"].get(header.votes) != simdjson::SUCCESS ||
      header.votes < 0) {
    return absl::DataLossError("no number of votes");
  }
  std::string_view run;
  const simdjson::error_code has_run = line["run"].get(run);
  if (has_run != simdjson::SUCCESS && has_run != simdjson::NO_SUCH_FIELD) {
    return absl::DataLossError("expected a name as run");
  }
  header.run = std::string(run);
  return absl::OkStatus();
}

struct BallotsLine {
  TestInputKey input;
  Vote vote;
  double weight = 0;
};

// DataLoss without the place.
absl::StatusOr<BallotsLine> ReadVote(object line) {
  std::string_view task, source, view, digits;
  int64_t test = 0;
  double confidence = 0;
  double weight = 0;
  if (line["task"].get(task) != simdjson::SUCCESS ||
      line["test"].get(test) != simdjson::SUCCESS ||
      line["source"].get(source) != simdjson::SUCCESS ||
      line["view"].get(view) != simdjson::SUCCESS ||
      line["confidence"].get(confidence) != simdjson::SUCCESS ||
      line["weight"].get(weight) != simdjson::SUCCESS ||
      line["grid"].get(digits) != simdjson::SUCCESS) {
    return absl::DataLossError(
        "expected task, test, source, view, confidence, weight and grid");
  }
  if (test < 0 || test > std::numeric_limits<int>::max()) {
    return absl::DataLossError(absl::StrCat("test input ", test));
  }
  if (!(confidence >= 0 && confidence <= 1)) {
    return absl::DataLossError(
        absl::StrCat("confidence ", confidence, ", expected 0 to 1"));
  }
  if (!(weight > 0) || !std::isfinite(weight)) {
    return absl::DataLossError(
        absl::StrCat("weight ", weight, ", expected a positive number"));
  }
  if (!Augmentation::FromKey(AbslView(view)).ok()) {
    return absl::DataLossError(absl::StrCat("unknown view ", AbslView(view)));
  }
  std::optional<Grid> grid = GridFromDigits(digits);
  if (!grid.has_value()) return absl::DataLossError("malformed grid");
  std::string_view second_digits;
  const auto second_found = line["second"].get(second_digits);
  if (second_found == simdjson::SUCCESS
          ? second_digits.empty()
          : second_found != simdjson::NO_SUCH_FIELD) {
    return absl::DataLossError("expected digits as second");
  }
  std::optional<Grid> second = GridFromDigits(second_digits);
  if (!second.has_value()) return absl::DataLossError("malformed second grid");
  return BallotsLine{
      {std::string(task), static_cast<int>(test)},
      {*std::move(grid), static_cast<float>(confidence), std::string(view),
       std::string(source), *std::move(second)},
      weight};
}

}  // namespace

void Ballots::Insert(Entry entry, std::vector<Entry>& entries) {
  const auto key = [](const Entry& e) {
    return std::tie(e.vote.grid, e.vote.confidence);
  };
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), entry,
      [&](const Entry& a, const Entry& b) { return key(a) < key(b); });
  if (at != entries.end() && key(*at) == key(entry)) {
    at->weight = std::max(at->weight, entry.weight);
    at->vote.second = std::max(at->vote.second, entry.vote.second);
    return;
  }
  entries.insert(at, std::move(entry));
}

void Ballots::Add(const std::string& task_id, int test_index, Vote vote) {
  vote.confidence = CleanConfidence(vote.confidence);
  const View view(vote.source, vote.augmentation);
  std::vector<Entry>& entries = votes_[{task_id, test_index}][view];
  entries.clear();
  entries.push_back({std::move(vote), 1});
}

bool Ballots::Has(const std::string& task_id, int test_index,
                  absl::string_view source,
                  absl::string_view augmentation) const {
  const auto found = votes_.find({task_id, test_index});
  return found != votes_.end() &&
         found->second.count(
             View(std::string(source), std::string(augmentation))) > 0;
}

void Ballots::Merge(const Ballots& other, double weight) {
  ARCTRM_CHECK(std::isfinite(weight) && weight > 0);
  if (&other == this) return Merge(Ballots(other), weight);
  for (const auto& [key, views] : other.votes_) {
    auto& mine = votes_[key];
    for (const auto& [view, entries] : views) {
      for (const Entry& entry : entries) {
        Insert({entry.vote, entry.weight * weight}, mine[view]);
      }
    }
  }
}

std::vector<Candidate> Ballots::Rank(const std::string& task_id,
                                     int test_index) const {
  return Count({task_id, test_index},
               [](const Vote& vote) -> const Grid& { return vote.grid; });
}

std::vector<Candidate> Ballots::Candidates(const std::string& task_id,
                                           int test_index) const {
  constexpr size_t kAttempts = 2;
  std::vector<Candidate> candidates = Rank(task_id, test_index);
  if (candidates.size() >= kAttempts) return candidates;
  const std::vector<Candidate> seconds =
      Count({task_id, test_index},
            [](const Vote& vote) -> const Grid& { return vote.second; });
  for (Candidate second : seconds) {
    const bool known = std::any_of(
        candidates.begin(), candidates.end(),
        [&](const Candidate& other) { return other.grid == second.grid; });
    if (known || candidates.size() >= kAttempts) continue;
    second.votes = 0;
    candidates.push_back(std::move(second));
  }
  return candidates;
}

std::vector<Candidate> Ballots::Count(
    const TestInputKey& key,
    const std::function<const Grid&(const Vote&)>& grid_of) const {
  const auto found = votes_.find(key);
  if (found == votes_.end()) return {};
  // (confidence, weight) of all votes for each answer.
  std::map<Grid, std::vector<std::pair<double, double>>> answers;
  for (const auto& [view, entries] : found->second) {
    for (const Entry& entry : entries) {
      const Grid& grid = grid_of(entry.vote);
      if (grid.empty()) continue;
      answers[grid].emplace_back(entry.vote.confidence, entry.weight);
    }
  }
  std::vector<Candidate> candidates;
  candidates.reserve(answers.size());
  for (auto& [grid, votes] : answers) {
    // Sorted, so that the floating-point sum does not depend on the order of
    // votes.
    std::sort(votes.begin(), votes.end());
    Candidate candidate;
    candidate.grid = grid;
    double confidence = 0;
    for (const auto& [value, weight] : votes) {
      candidate.votes += weight;
      confidence += value * weight;
    }
    candidate.mean_confidence = confidence / candidate.votes;
    candidates.push_back(std::move(candidate));
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) {
              if (a.votes != b.votes) return a.votes > b.votes;
              if (a.mean_confidence != b.mean_confidence) {
                return a.mean_confidence > b.mean_confidence;
              }
              return a.grid < b.grid;
            });
  return candidates;
}

int64_t Ballots::num_votes(const std::string& task_id, int test_index) const {
  const auto found = votes_.find({task_id, test_index});
  if (found == votes_.end()) return 0;
  int64_t count = 0;
  for (const auto& [view, entries] : found->second) {
    for (const Entry& entry : entries) count += !entry.vote.grid.empty();
  }
  return count;
}

int64_t Ballots::num_votes() const {
  int64_t count = 0;
  for (const auto& [key, views] : votes_) {
    count += num_votes(key.first, key.second);
  }
  return count;
}

int64_t Ballots::num_asked() const {
  int64_t count = 0;
  for (const auto& [key, views] : votes_) {
    for (const auto& [view, entries] : views) {
      count += static_cast<int64_t>(entries.size());
    }
  }
  return count;
}

std::set<TestInputKey> Ballots::Inputs() const {
  std::set<TestInputKey> inputs;
  for (const auto& [key, views] : votes_) inputs.insert(key);
  return inputs;
}

std::set<std::string> Ballots::Sources() const {
  std::set<std::string> sources;
  for (const auto& [key, views] : votes_) {
    for (const auto& [view, entries] : views) sources.insert(view.first);
  }
  return sources;
}

absl::Status Ballots::Write(absl::string_view path) const {
  std::string text =
      absl::StrCat("{\"format\":\"", kFormat, "\",\"version\":", kVersion,
                   ",\"votes\":", num_asked());
  try {
    if (!run_.empty()) {
      absl::StrAppend(&text, ",\"run\":", nlohmann::json(run_).dump());
    }
    text += "}\n";
    for (const auto& [key, views] : votes_) {
      const std::string head =
          absl::StrCat("{\"task\":", nlohmann::json(key.first).dump(),
                       ",\"test\":", key.second, ",\"source\":");
      for (const auto& [view, entries] : views) {
        const std::string name =
            absl::StrCat(nlohmann::json(view.first).dump(),
                         ",\"view\":", nlohmann::json(view.second).dump());
        for (const Entry& entry : entries) {
          absl::StrAppend(&text, head, name,
                          ",\"confidence\":", Decimal(entry.vote.confidence),
                          ",\"weight\":", Decimal(entry.weight), ",\"grid\":\"",
                          GridDigits(entry.vote.grid));
          if (!entry.vote.second.empty()) {
            absl::StrAppend(&text, "\",\"second\":\"",
                            GridDigits(entry.vote.second));
          }
          text += "\"}\n";
        }
      }
    }
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": a task id or source name is not UTF-8; rename it"));
  }
  return WriteFileAtomically(path, ZstdCompress(text));
}

absl::StatusOr<Ballots> Ballots::Read(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string frame, ReadFile(path));
  absl::StatusOr<std::string> text = ZstdDecompress(frame, kMaxBytes);
  if (!text.ok()) {
    return Annotate(text.status(), absl::StrCat(path,
                                                ": not a whole ballots "
                                                "file"));
  }
  Ballots ballots;
  ARCTRM_RETURN_IF_ERROR(ballots.ReadLines(path, *text));
  return ballots;
}

absl::Status Ballots::ReadLines(absl::string_view path, std::string& text) {
  const size_t size = text.size();
  // Lines are parsed in place, as simdjson reads past their end.
  text.append(simdjson::SIMDJSON_PADDING, '\0');
  simdjson::dom::parser parser;
  int64_t line = 0;
  size_t begin = 0;
  int64_t votes = 0;
  BallotsHeader header;
  const auto damaged = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(path, ": line ", line, " (byte ",
                                            begin, " of the content): ", what));
  };
  while (begin < size) {
    ++line;
    const size_t end = text.find('\n', begin);
    if (end >= size) return damaged("has no end");
    object members;
    if (parser.parse(text.data() + begin, end - begin, false)
            .get_object()
            .get(members) != simdjson::SUCCESS) {
      return damaged("expected a JSON object");
    }
    if (line == 1) {
      const absl::Status status = ReadHeader(members, header);
      if (absl::IsDataLoss(status)) return damaged(status.message());
      ARCTRM_RETURN_IF_ERROR(Annotate(status, path));
      run_ = header.run;
    } else {
      absl::StatusOr<BallotsLine> vote = ReadVote(members);
      if (!vote.ok()) return damaged(vote.status().message());
      std::vector<Entry>& entries =
          votes_[vote->input][{vote->vote.source, vote->vote.augmentation}];
      const size_t before = entries.size();
      Insert({std::move(vote->vote), vote->weight}, entries);
      if (entries.size() == before) return damaged("the same vote twice");
      ++votes;
    }
    begin = end + 1;
  }
  if (line == 0) return damaged("empty");
  if (votes != header.votes) {
    return absl::DataLossError(absl::StrCat(
        path, ": holds ", votes, " votes, but its header says ", header.votes));
  }
  return absl::OkStatus();
}

Submission ChooseAttempts(const Ballots& ballots,
                          const ChallengeSet& challenges) {
  Submission submission;
  for (const Task& task : challenges.tasks) {
    std::vector<Attempts>& attempts = submission[task.id];
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      const std::vector<Candidate> ranked =
          ballots.Candidates(task.id, static_cast<int>(i));
      if (ranked.empty()) {
        attempts.push_back(PlaceholderFor(task, static_cast<int>(i)));
        continue;
      }
      attempts.push_back(
          ranked.size() > 1
              ? Attempts{ranked[0].grid, ranked[1].grid}
              : OnlyAnswer(ranked[0].grid, task, static_cast<int>(i)));
    }
  }
  return submission;
}

}  // namespace arctrm
