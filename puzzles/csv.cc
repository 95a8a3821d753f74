// SPDX-License-Identifier: MIT
#include "puzzles/csv.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr char kHeader[] = "source,question,answer,rating";
constexpr char kConfidence[] = "confidence";
constexpr size_t kMostFields = 5;
constexpr char kMazeCells[] = "# SGo";
constexpr uint8_t kNoCell = 255;

// What a character is in a puzzle of this kind.
std::array<uint8_t, 256> CellTable(PuzzleKind kind) {
  std::array<uint8_t, 256> table;
  table.fill(kNoCell);
  if (kind == PuzzleKind::kMaze) {
    for (uint8_t i = 0; kMazeCells[i] != '\0'; ++i) {
      table[static_cast<uint8_t>(kMazeCells[i])] = i;
    }
  } else {
    for (uint8_t d = 0; d < 10; ++d) table[static_cast<size_t>('0' + d)] = d;
    table['.'] = 0;
  }
  return table;
}

// Walks over the rows of a file.
class Reader {
 public:
  Reader(absl::string_view bytes, absl::string_view name)
      : bytes_(bytes), name_(name) {}

  bool AtEnd() const { return at_ >= bytes_.size(); }

  // The fields of the next row, as many as the first had. Views stand in the
  // file, or in `unquoted_` where quotes were doubled.
  absl::Status Next(std::array<absl::string_view, kMostFields>& fields) {
    const bool header = num_fields_ == 0;
    line_ = next_line_++;
    unquoted_.clear();
    size_t count = 0;
    for (bool more = true; more; ++count) {
      if (count == (header ? kMostFields : num_fields_)) {
        return Fault(absl::StrCat("more than ", count,
                                  " fields, as many as the header has"));
      }
      ARCTRM_RETURN_IF_ERROR(Field(fields[count], more));
    }
    if (header) num_fields_ = count;
    if (count != num_fields_) {
      return Fault(absl::StrCat(count, " fields, expected ", num_fields_, ": ",
                                kHeader));
    }
    return absl::OkStatus();
  }
  size_t num_fields() const { return num_fields_; }

  absl::Status Fault(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ", line ", line_, ": ", what));
  }

 private:
  // One field and what ends it: `more` is false at the end of the row.
  absl::Status Field(absl::string_view& field, bool& more) {
    if (at_ < bytes_.size() && bytes_[at_] == '"') {
      ARCTRM_RETURN_IF_ERROR(Quoted(field));
    } else {
      const size_t begin = at_;
      while (at_ < bytes_.size() && bytes_[at_] != ',' && bytes_[at_] != '\n') {
        ++at_;
      }
      field = bytes_.substr(begin, at_ - begin);
      // Files from Windows end lines with a carriage return too.
      const bool ends = at_ >= bytes_.size() || bytes_[at_] == '\n';
      if (ends && !field.empty() && field.back() == '\r') {
        field.remove_suffix(1);
      }
    }
    more = at_ < bytes_.size() && bytes_[at_] == ',';
    if (at_ < bytes_.size()) ++at_;
    return absl::OkStatus();
  }

  absl::Status Quoted(absl::string_view& field) {
    const size_t begin = ++at_;
    bool doubled = false;
    for (;; ++at_) {
      if (at_ >= bytes_.size()) return Fault("a quoted field does not end");
      if (bytes_[at_] == '\n') ++next_line_;
      if (bytes_[at_] != '"') continue;
      if (at_ + 1 < bytes_.size() && bytes_[at_ + 1] == '"') {
        doubled = true;
        ++at_;
        continue;
      }
      break;
    }
    field = bytes_.substr(begin, at_ - begin);
    ++at_;
    if (at_ < bytes_.size() && bytes_[at_] == '\r') ++at_;
    if (at_ < bytes_.size() && bytes_[at_] != ',' && bytes_[at_] != '\n') {
      return Fault("text after the closing quote of a field");
    }
    if (!doubled) return absl::OkStatus();
    std::string text;
    for (size_t i = 0; i < field.size(); ++i) {
      text += field[i];
      if (field[i] == '"') ++i;
    }
    unquoted_.push_back(std::move(text));
    field = unquoted_.back();
    return absl::OkStatus();
  }

  absl::string_view bytes_;
  absl::string_view name_;
  size_t at_ = 0;
  int64_t line_ = 0;  // where the row begins
  int64_t next_line_ = 1;
  size_t num_fields_ = 0;
  std::deque<std::string> unquoted_;
};

}  // namespace

absl::StatusOr<PuzzleFile> ParsePuzzleCsv(absl::string_view bytes,
                                          absl::string_view name) {
  Reader reader(bytes, name);
  std::array<absl::string_view, kMostFields> fields;
  if (reader.AtEnd()) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": empty; expected rows of ", kHeader, " below that header"));
  }
  const absl::Status header = reader.Next(fields);
  const bool confident = reader.num_fields() == 5 && fields[4] == kConfidence;
  if (!header.ok() || (reader.num_fields() != 4 && !confident) ||
      absl::StrCat(fields[0], ",", fields[1], ",", fields[2], ",", fields[3]) !=
          kHeader) {
    return reader.Fault(absl::StrCat("the header is not ", kHeader));
  }
  PuzzleFile file;
  std::array<uint8_t, 256> table = {};
  size_t length = 0;
  int side = 0;
  const auto grid_of = [&](absl::string_view text, const char* column,
                           Grid& grid) -> absl::Status {
    if (text.size() != length) {
      return reader.Fault(absl::StrCat("the ", column, " has ", text.size(),
                                       " characters, expected ", length));
    }
    std::vector<uint8_t> cells(length);
    uint8_t worst = 0;
    for (size_t i = 0; i < length; ++i) {
      cells[i] = table[static_cast<uint8_t>(text[i])];
      worst = std::max(worst, cells[i]);
    }
    if (worst == kNoCell) {
      size_t i = 0;
      while (cells[i] != kNoCell) ++i;
      return reader.Fault(absl::StrCat(
          "character ", i + 1, " of the ", column, " is none of a ",
          PuzzleKindName(file.kind), ": expected ",
          file.kind == PuzzleKind::kMaze ? "one of `# SGo`"
                                         : "a digit or \".\""));
    }
    grid = Grid(side, side, std::move(cells));
    return absl::OkStatus();
  };
  while (!reader.AtEnd()) {
    ARCTRM_RETURN_IF_ERROR(reader.Next(fields));
    const absl::string_view question = fields[1];
    if (length == 0) {
      length = question.size();
      side = static_cast<int>(std::lround(std::sqrt(length)));
      if (length == 0 || length > static_cast<size_t>(kMaxSide * kMaxSide) ||
          static_cast<size_t>(side) * static_cast<size_t>(side) != length) {
        return reader.Fault(absl::StrCat("the question has ", length,
                                         " characters; expected a square of at "
                                         "most 30 by 30, such as 81 or 900"));
      }
      file.kind = question.find_first_of(kMazeCells) != question.npos
                      ? PuzzleKind::kMaze
                      : PuzzleKind::kSudoku;
      table = CellTable(file.kind);
    }
    Puzzle puzzle;
    puzzle.source = std::string(fields[0]);
    ARCTRM_RETURN_IF_ERROR(grid_of(question, "question", puzzle.question));
    if (!fields[2].empty()) {
      ARCTRM_RETURN_IF_ERROR(grid_of(fields[2], "answer", puzzle.answer));
    }
    if (!absl::SimpleAtoi(fields[3], &puzzle.rating)) {
      return reader.Fault(absl::StrCat("the rating \"", fields[3].substr(0, 20),
                                       "\" is no whole number"));
    }
    if (confident && !fields[4].empty()) {
      double confidence = 0;
      if (!absl::SimpleAtod(fields[4], &confidence) || !(confidence >= 0) ||
          confidence > 1) {
        return reader.Fault(absl::StrCat("the confidence \"",
                                         fields[4].substr(0, 20),
                                         "\" is no number from 0 to 1"));
      }
      puzzle.confidence = confidence;
    }
    file.puzzles.push_back(std::move(puzzle));
  }
  if (file.puzzles.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": no puzzles below the header"));
  }
  return file;
}

absl::StatusOr<PuzzleFile> ReadPuzzleCsv(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return ParsePuzzleCsv(bytes, path);
}

std::string PuzzleText(PuzzleKind kind, const Grid& grid) {
  std::string text;
  text.reserve(static_cast<size_t>(grid.size()));
  for (const uint8_t cell : grid.cells()) {
    if (kind == PuzzleKind::kMaze) {
      text += kMazeCells[cell];
    } else {
      text += cell == 0 ? '.' : static_cast<char>('0' + cell);
    }
  }
  return text;
}

std::string PuzzleCsv(const PuzzleFile& file) {
  const bool confident =
      std::any_of(file.puzzles.begin(), file.puzzles.end(),
                  [](const Puzzle& p) { return p.confidence.has_value(); });
  std::string out = kHeader;
  if (confident) absl::StrAppend(&out, ",", kConfidence);
  out += "\n";
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\r\n") == text.npos) return text;
    std::string field = "\"";
    for (const char c : text) field.append(c == '"' ? 2 : 1, c);
    return field + "\"";
  };
  for (const Puzzle& puzzle : file.puzzles) {
    absl::StrAppend(&out, quoted(puzzle.source), ",",
                    PuzzleText(file.kind, puzzle.question), ",",
                    PuzzleText(file.kind, puzzle.answer), ",", puzzle.rating);
    if (confident) out += ",";
    if (puzzle.confidence.has_value()) {
      absl::StrAppendFormat(&out, "%.6f", *puzzle.confidence);
    }
    out += "\n";
  }
  return out;
}

}  // namespace arctrm
