// SPDX-License-Identifier: MIT
#include "submission/write.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/placeholder.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/replaced_file.h"
#include "base/status.h"
#include "nlohmann/json.hpp"

namespace arctrm {
namespace {

// Replaces empty grids.
const Grid& Nothing() {
  static const Grid* const grid = new Grid(1, 1);
  return *grid;
}

void AppendGrid(const Grid& grid, std::string& out) {
  const Grid& shown = grid.empty() ? Nothing() : grid;
  out += '[';
  for (int r = 0; r < shown.rows(); ++r) {
    if (r > 0) out += ',';
    out += '[';
    for (int c = 0; c < shown.cols(); ++c) {
      if (c > 0) out += ',';
      out += static_cast<char>('0' + shown.at(r, c));
    }
    out += ']';
  }
  out += ']';
}

// Ids come from JSON keys and may contain quotes and control characters.
void AppendString(const std::string& text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// Upper bound of the size of a submission.
int64_t MostBytes(const ChallengeSet& challenges) {
  constexpr int64_t kGrid = 30 * (2 * 30 + 2) + 2;
  constexpr int64_t kOutput = 2 * kGrid + 40;
  int64_t bytes = 16;
  for (const Task& task : challenges.tasks) {
    bytes += static_cast<int64_t>(6 * task.id.size() + 8) +
             kOutput * static_cast<int64_t>(task.test_inputs.size());
  }
  return bytes;
}

bool Fits(const Submission& submission, const ChallengeSet& challenges) {
  if (submission.size() != challenges.tasks.size()) return false;
  return std::all_of(challenges.tasks.begin(), challenges.tasks.end(),
                     [&](const Task& task) {
                       const auto it = submission.find(task.id);
                       return it != submission.end() &&
                              it->second.size() == task.test_inputs.size();
                     });
}

// The content of the file: empty grids become [[0]].
Submission AsWritten(Submission submission) {
  for (auto& [id, outputs] : submission) {
    for (Attempts& attempts : outputs) {
      if (attempts.attempt_1.empty()) attempts.attempt_1 = Nothing();
      if (attempts.attempt_2.empty()) attempts.attempt_2 = Nothing();
    }
  }
  return submission;
}

absl::Status CheckReadsBack(const Submission& submission,
                            const std::string& fresh) {
  const absl::StatusOr<Submission> back = ReadSubmission(fresh);
  if (!back.ok()) {
    return absl::InternalError(absl::StrCat(
        "the written file cannot be read back: ", back.status().message(),
        "; the former submission is unchanged"));
  }
  if (*back != AsWritten(submission)) {
    return absl::InternalError(
        absl::StrCat(fresh,
                     ": the written file reads back with other content; the "
                     "former submission is unchanged"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string SubmissionJson(const Submission& submission) {
  std::string out = "{";
  bool first = true;
  for (const auto& [id, outputs] : submission) {
    out += first ? "\n" : ",\n";
    first = false;
    AppendString(id, out);
    out += ":[";
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (i > 0) out += ',';
      out += "{\"attempt_1\":";
      AppendGrid(outputs[i].attempt_1, out);
      out += ",\"attempt_2\":";
      AppendGrid(outputs[i].attempt_2, out);
      out += '}';
    }
    out += ']';
  }
  return out + "\n}\n";
}

Submission PlaceholderSubmission(const ChallengeSet& challenges) {
  Submission submission;
  for (const Task& task : challenges.tasks) {
    std::vector<Attempts>& outputs = submission[task.id];
    for (int i = 0; i < static_cast<int>(task.test_inputs.size()); ++i) {
      outputs.push_back(PlaceholderFor(task, i));
    }
  }
  return submission;
}

absl::Status CheckSubmissionPath(absl::string_view path) {
  ARCTRM_RETURN_IF_ERROR(CheckIsFile(path));
  if (!IsSpecialFile(path) || path == "/dev/null") return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "can't write ", path,
      ": a run replaces its submission repeatedly; give the name of a file"));
}

bool LooksLikeSubmission(absl::string_view text) {
  const nlohmann::json root =
      nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) {
    return absl::StartsWith(text, "{") &&
           absl::StrContains(text, "\"attempt_1\"");
  }
  const auto is_output = [](const nlohmann::json& output) {
    return output.is_object() && output.contains("attempt_1");
  };
  return root.is_object() &&
         std::all_of(root.begin(), root.end(), [&](const auto& task) {
           return task.is_array() &&
                  std::all_of(task.begin(), task.end(), is_output);
         });
}

bool HasAnswers(const Submission& submission, const ChallengeSet& challenges) {
  for (const auto& [id, outputs] : submission) {
    const Task* task = challenges.Find(id);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const bool asked = task != nullptr && i < task->test_inputs.size();
      if (asked ? !IsPlaceholder(outputs[i], *task, static_cast<int>(i))
                : !IsBlank(outputs[i])) {
        return true;
      }
    }
  }
  return false;
}

absl::Status WriteSubmission(const Submission& submission,
                             const ChallengeSet& challenges,
                             absl::string_view path, bool again) {
  if (!Fits(submission, challenges)) {
    return absl::InternalError(
        absl::StrCat(path,
                     ": the submission does not match the test inputs of the "
                     "challenges; nothing was written"));
  }
  if (IsSpecialFile(path)) {
    return WriteFileAtomically(path, SubmissionJson(submission));
  }
  // Replaces the file only after reading back the new one with the public
  // reader.
  return ReplaceFile(path, SubmissionJson(submission),
                     again ? MostBytes(challenges) : 0,
                     [&](const std::string& fresh) {
                       return CheckReadsBack(submission, fresh);
                     });
}

Submission MergeSubmissions(const std::vector<WeightedSubmission>& parts,
                            const ChallengeSet& challenges) {
  Submission merged = PlaceholderSubmission(challenges);
  for (const Task& task : challenges.tasks) {
    for (size_t i = 0; i < task.test_inputs.size(); ++i) {
      std::map<Grid, double> weight;
      for (const WeightedSubmission& part : parts) {
        const auto it = part.submission.find(task.id);
        if (it == part.submission.end() || i >= it->second.size()) continue;
        const Attempts& a = it->second[i];
        if (IsPlaceholder(a, task, static_cast<int>(i))) continue;
        const auto count = [&](const Grid& grid, double w) {
          if (!grid.empty() && grid != Nothing()) weight[grid] += w;
        };
        count(a.attempt_1, part.weight);
        if (a.attempt_2 != a.attempt_1 &&
            a != OnlyAnswer(a.attempt_1, task, static_cast<int>(i))) {
          count(a.attempt_2, part.weight / 2);
        }
      }
      std::vector<std::pair<double, Grid>> ranked;
      ranked.reserve(weight.size());
      for (const auto& [grid, w] : weight) ranked.emplace_back(w, grid);
      std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
      if (ranked.empty()) continue;
      merged[task.id][i] =
          ranked.size() > 1
              ? Attempts{ranked[0].second, ranked[1].second}
              : OnlyAnswer(ranked[0].second, task, static_cast<int>(i));
    }
  }
  return merged;
}

}  // namespace arctrm
