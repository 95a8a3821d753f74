// SPDX-License-Identifier: MIT
#include "puzzles/csv.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/read_text.h"
#include "base/status.h"

namespace arctrm {
namespace {

constexpr char kHeader[] = "source,question,answer,rating";
constexpr char kConfidence[] = "confidence";
constexpr size_t kMostFields = 1000;
constexpr size_t kMostShown = 160;  // characters of a header in a message
constexpr int kMostRating = 2'000'000'000;
constexpr char kMazeCells[] = "# SGo";
constexpr uint8_t kNoCell = 255;

// Maps characters to cell values for this kind of puzzle.
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

// Spreadsheets treat the digits of a Sudoku as a number; they round it or drop
// leading zeros.
std::string SpreadsheetHint(absl::string_view cells, size_t expected) {
  const bool rounded = cells.size() < expected &&
                       absl::StrContains(absl::AsciiStrToLower(cells), "e+") &&
                       cells.find_first_not_of("0123456789.,eE+") == cells.npos;
  const bool shortened = !cells.empty() && cells.size() < expected &&
                         cells.size() + 9 > expected &&
                         cells.find_first_not_of("0123456789") == cells.npos;
  if (rounded) {
    return "; a spreadsheet rounded it as a number: use the file from before "
           "the spreadsheet";
  }
  return shortened ? "; did a spreadsheet drop leading zeros?" : "";
}

// Iterates over the rows of a file.
class Reader {
 public:
  Reader(absl::string_view bytes, absl::string_view name, char separator)
      : bytes_(bytes), name_(name), separator_(separator) {}

  bool AtEnd() const { return at_ >= bytes_.size(); }

  // Reads the fields of the next row. They point into the file, or into
  // `unquoted_` if quotes were doubled.
  absl::Status Next(std::vector<absl::string_view>& fields) {
    line_ = next_line_++;
    unquoted_.clear();
    fields.clear();
    for (bool more = true; more;) {
      if (fields.size() == kMostFields) {
        return Fault(absl::StrCat("more than ", kMostFields, " fields"));
      }
      ARCTRM_RETURN_IF_ERROR(Field(fields.emplace_back(), more));
    }
    return absl::OkStatus();
  }

  absl::Status Fault(absl::string_view what) const {
    return FaultAt(line_, what);
  }
  absl::Status FaultAt(int64_t line, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ", line ", line, ": ", what));
  }
  int64_t line() const { return line_; }
  char separator() const { return separator_; }

 private:
  // Reads one field and its separator. `more` is false at the end of the row.
  absl::Status Field(absl::string_view& field, bool& more) {
    if (at_ < bytes_.size() && bytes_[at_] == '"') {
      ARCTRM_RETURN_IF_ERROR(Quoted(field));
    } else {
      const size_t begin = at_;
      while (at_ < bytes_.size() && bytes_[at_] != separator_ && !AtLineEnd()) {
        ++at_;
      }
      field = bytes_.substr(begin, at_ - begin);
    }
    more = at_ < bytes_.size() && bytes_[at_] == separator_;
    if (more) {
      ++at_;
    } else {
      TakeLineEnd();
    }
    return absl::OkStatus();
  }

  bool AtLineEnd() const { return bytes_[at_] == '\n' || bytes_[at_] == '\r'; }

  // Accepts line ends of Unix, Windows (also with two carriage returns, which
  // some programs write) and old Macs.
  void TakeLineEnd() {
    const size_t begin = at_;
    while (at_ < bytes_.size() && at_ - begin < 2 && bytes_[at_] == '\r') ++at_;
    if (at_ < bytes_.size() && bytes_[at_] == '\n') {
      ++at_;
    } else if (at_ - begin == 2) {
      --at_;
    }
  }

  absl::Status Quoted(absl::string_view& field) {
    const size_t begin = ++at_;
    bool doubled = false;
    for (;; ++at_) {
      if (at_ >= bytes_.size()) return Fault("a quoted field does not end");
      if (bytes_[at_] == '\n' ||
          (bytes_[at_] == '\r' && bytes_.substr(at_ + 1, 1) != "\n")) {
        ++next_line_;
      }
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
    if (at_ < bytes_.size() && bytes_[at_] != separator_ && !AtLineEnd()) {
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
  char separator_;
  size_t at_ = 0;
  int64_t line_ = 0;  // first line of the row
  int64_t next_line_ = 1;
  std::deque<std::string> unquoted_;
};

// Indices of the columns; npos if missing.
struct Columns {
  static constexpr size_t kNone = std::string::npos;
  size_t source = kNone;
  size_t question = kNone;
  size_t answer = kNone;
  size_t rating = kNone;
  size_t confidence = kNone;
  size_t count = 0;
  bool has_header = true;
  // A "rating" must be a number; a "difficulty" may be a word.
  bool strict_rating = true;
};

using Fields = std::vector<absl::string_view>;

// Finds the column with the earliest of `names`, in any letter case.
size_t Find(const Fields& header, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    for (size_t i = 0; i < header.size(); ++i) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(header[i]), name)) {
        return i;
      }
    }
  }
  return Columns::kNone;
}

// Finds columns by the names in our files and in public sets.
Columns NamedColumns(const Fields& header) {
  Columns columns;
  columns.question = Find(header, {"question", "questions", "puzzle", "puzzles",
                                   "quiz", "quizzes", "problem", "input"});
  columns.answer = Find(header, {"answer", "answers", "solution", "solutions",
                                 "output", "target"});
  columns.source = Find(header, {"source"});
  columns.rating = Find(header, {"rating", "ratings", "difficulty"});
  columns.confidence = Find(header, {"confidence"});
  columns.count = header.size();
  columns.strict_rating = Find(header, {"rating", "ratings"}) == columns.rating;
  return columns;
}

bool IsSudokuText(absl::string_view text) {
  return (text.size() == 16 || text.size() == 36 || text.size() == 81) &&
         text.find_first_not_of("0123456789.") == text.npos;
}
bool IsMazeText(absl::string_view text) {
  const size_t side = static_cast<size_t>(std::lround(std::sqrt(text.size())));
  return text.size() >= 4 && side * side == text.size() &&
         text.find_first_not_of(kMazeCells) == text.npos &&
         std::count(text.begin(), text.end(), 'S') == 1 &&
         std::count(text.begin(), text.end(), 'G') == 1;
}

// Is `answer` the question with its blanks or its path filled in?
bool Answers(absl::string_view question, absl::string_view answer) {
  if (question.size() != answer.size()) return false;
  const bool maze = IsMazeText(question);
  bool more = false;
  for (size_t i = 0; i < question.size(); ++i) {
    const bool blank =
        maze ? question[i] == ' ' : question[i] == '.' || question[i] == '0';
    if (question[i] != answer[i] && !blank) return false;
    if (!maze && (answer[i] == '.' || answer[i] == '0')) return false;
    more = more || question[i] != answer[i];
  }
  return more;
}

// Is the only grid of the row a question, and no other field similar to a grid?
bool IsQuestionAlone(const Fields& row, size_t grid) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (i != grid && row[i].size() >= 9 &&
        (row[i].find_first_not_of("0123456789.") == row[i].npos ||
         row[i].find_first_not_of(kMazeCells) == row[i].npos)) {
      return false;
    }
  }
  return row[grid].size() == 81 ||
         (IsMazeText(row[grid]) && row[grid].find('o') == row[grid].npos);
}

// Recognises columns by the fields of a first row; kNone if that fails.
Columns UnmistakableColumns(const Fields& row) {
  Columns columns;
  columns.count = row.size();
  columns.has_header = false;
  std::vector<size_t> grids;
  for (size_t i = 0; i < row.size(); ++i) {
    if (IsSudokuText(row[i]) || IsMazeText(row[i])) grids.push_back(i);
  }
  if (grids.size() == 2) {
    for (const auto& [question, answer] :
         {std::pair(grids[0], grids[1]), std::pair(grids[1], grids[0])}) {
      if (!Answers(row[question], row[answer])) continue;
      columns.question = question;
      columns.answer = answer;
    }
  } else if (grids.size() == 1 && IsQuestionAlone(row, grids[0])) {
    columns.question = grids[0];
  }
  // Our own format without its header.
  int ignored = 0;
  if (columns.question == 1 && columns.answer == 2 && row.size() == 4 &&
      absl::SimpleAtoi(row[3], &ignored)) {
    columns.source = 0;
    columns.rating = 3;
  }
  return columns;
}

// Reads a file with known columns and separator.
class Puzzles {
 public:
  Puzzles(Reader& reader, const Columns& columns)
      : reader_(reader), columns_(columns) {}

  absl::StatusOr<PuzzleFile> Read() {
    Fields fields;
    if (columns_.has_header) ARCTRM_RETURN_IF_ERROR(reader_.Next(fields));
    int64_t empty_line = 0;
    while (!reader_.AtEnd()) {
      ARCTRM_RETURN_IF_ERROR(reader_.Next(fields));
      if (IsEmpty(fields)) {
        if (empty_line == 0) empty_line = reader_.line();
        continue;
      }
      if (empty_line > 0) {
        return reader_.FaultAt(empty_line, "an empty row, and others below it");
      }
      if (fields.size() != columns_.count) {
        return reader_.Fault(absl::StrCat(
            fields.size(), " fields, expected ", columns_.count,
            ", as many as ",
            columns_.has_header ? "the header has" : "the first row has"));
      }
      ARCTRM_RETURN_IF_ERROR(Row(fields));
    }
    return std::move(file_);
  }

 private:
  static bool IsEmpty(const Fields& fields) {
    return std::all_of(fields.begin(), fields.end(), [](absl::string_view f) {
      return absl::StripAsciiWhitespace(f).empty();
    });
  }

  // Strips blanks around a Sudoku; blanks of a maze are cells.
  absl::string_view Cells(absl::string_view field) const {
    return file_.kind == PuzzleKind::kSudoku ? absl::StripAsciiWhitespace(field)
                                             : field;
  }

  absl::Status ReadKind(absl::string_view& question) {
    const absl::string_view bare = absl::StripAsciiWhitespace(question);
    const bool digits =
        !bare.empty() && bare.find_first_not_of("0123456789.") == bare.npos;
    file_.kind = !digits && question.find_first_of(kMazeCells) != question.npos
                     ? PuzzleKind::kMaze
                     : PuzzleKind::kSudoku;
    question = Cells(question);
    length_ = question.size();
    side_ = static_cast<int>(std::lround(std::sqrt(length_)));
    if (length_ == 0 || length_ > static_cast<size_t>(kMaxSide * kMaxSide) ||
        static_cast<size_t>(side_) * static_cast<size_t>(side_) != length_) {
      return reader_.Fault(absl::StrCat("the question has ", length_,
                                        " characters; expected a square of at "
                                        "most 30 by 30, such as 81 or 900",
                                        SpreadsheetHint(question, 81)));
    }
    table_ = CellTable(file_.kind);
    return absl::OkStatus();
  }

  absl::Status ReadGrid(absl::string_view text, const char* column,
                        Grid& grid) const {
    if (text.size() != length_) {
      return reader_.Fault(absl::StrCat("the ", column, " has ", text.size(),
                                        " characters, expected ", length_,
                                        SpreadsheetHint(text, length_)));
    }
    std::vector<uint8_t> cells(length_);
    uint8_t worst = 0;
    for (size_t i = 0; i < length_; ++i) {
      cells[i] = table_[static_cast<uint8_t>(text[i])];
      worst = std::max(worst, cells[i]);
    }
    if (worst == kNoCell) {
      size_t i = 0;
      while (cells[i] != kNoCell) ++i;
      return reader_.Fault(absl::StrCat(
          "character ", i + 1, " of the ", column, " does not belong to a ",
          PuzzleKindName(file_.kind), ": expected ",
          file_.kind == PuzzleKind::kMaze ? "one of `# SGo`"
                                          : "a digit or \".\""));
    }
    grid = Grid(side_, side_, std::move(cells));
    return absl::OkStatus();
  }

  absl::Status ReadRating(absl::string_view field, Puzzle& puzzle) const {
    const absl::string_view text = absl::StripAsciiWhitespace(field);
    if (IsUnknown(text)) return absl::OkStatus();
    const std::optional<double> rating = ReadNumber(text);
    if (rating.has_value() && std::abs(*rating) <= kMostRating) {
      puzzle.rating = static_cast<int>(std::lround(*rating));
      return absl::OkStatus();
    }
    if (!columns_.strict_rating) return absl::OkStatus();
    return reader_.Fault(absl::StrCat(
        "the rating \"", absl::Utf8SafeCHexEscape(text.substr(0, 20)), "\" is ",
        rating.has_value() ? absl::StrCat("too large; at most ", kMostRating)
        : absl::StrContains(text, ',')
            ? "not a number; write it without a comma, with a point for "
              "decimals"
            : "not a number"));
  }

  // Is it a common text for a missing value?
  static bool IsUnknown(absl::string_view text) {
    for (const char* unknown : {"", "nan", "none", "null", "na", "n/a", "#n/a",
                                "<na>", "-", "--", "?", "unknown"}) {
      if (absl::EqualsIgnoreCase(text, unknown)) return true;
    }
    return false;
  }

  // If the comma is not the separator, it may be a decimal comma.
  std::optional<double> ReadNumber(absl::string_view text) const {
    std::string number(text);
    const size_t comma = number.find(',');
    if (reader_.separator() != ',' && comma != number.npos &&
        number.find('.') == number.npos) {
      number[comma] = '.';
    }
    double value = 0;
    if (number.find_first_not_of("0123456789+-.eE") != number.npos ||
        !absl::SimpleAtod(number, &value)) {
      return std::nullopt;
    }
    return value;
  }

  absl::Status ReadConfidence(absl::string_view field, Puzzle& puzzle) const {
    const absl::string_view text = absl::StripAsciiWhitespace(field);
    if (text.empty()) return absl::OkStatus();
    const std::optional<double> confidence = ReadNumber(text);
    if (!confidence.has_value() || !(*confidence >= 0) || *confidence > 1) {
      return reader_.Fault(absl::StrCat(
          "the confidence \"", absl::Utf8SafeCHexEscape(text.substr(0, 20)),
          "\" is not a number from 0 to 1"));
    }
    puzzle.confidence = confidence;
    return absl::OkStatus();
  }

  absl::Status Row(const Fields& fields) {
    const auto field = [&](size_t column) {
      return column == Columns::kNone ? absl::string_view() : fields[column];
    };
    absl::string_view question = field(columns_.question);
    if (length_ == 0) {
      ARCTRM_RETURN_IF_ERROR(ReadKind(question));
    }
    // It would become an empty row when written.
    if (absl::StripAsciiWhitespace(question).empty()) {
      return reader_.Fault("the question is blank");
    }
    Puzzle puzzle;
    puzzle.source = std::string(field(columns_.source));
    ARCTRM_RETURN_IF_ERROR(
        ReadGrid(Cells(question), "question", puzzle.question));
    const absl::string_view answer = Cells(field(columns_.answer));
    if (!IsUnknown(absl::StripAsciiWhitespace(answer)) ||
        answer.size() == length_) {
      ARCTRM_RETURN_IF_ERROR(ReadGrid(answer, "answer", puzzle.answer));
    }
    ARCTRM_RETURN_IF_ERROR(ReadRating(field(columns_.rating), puzzle));
    ARCTRM_RETURN_IF_ERROR(ReadConfidence(field(columns_.confidence), puzzle));
    file_.puzzles.push_back(std::move(puzzle));
    return absl::OkStatus();
  }

  Reader& reader_;
  const Columns& columns_;
  PuzzleFile file_;
  std::array<uint8_t, 256> table_ = {};
  size_t length_ = 0;
  int side_ = 0;
};

// The first line, shortened for a message.
std::string FirstLine(absl::string_view bytes) {
  absl::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  line = absl::StripTrailingAsciiWhitespace(line);
  const bool cut = line.size() > kMostShown;
  return absl::StrCat(absl::Utf8SafeCHexEscape(line.substr(0, kMostShown)),
                      cut ? "..." : "");
}

// Refuses duplicate names of used columns.
absl::Status CheckOnce(const Fields& header, const Columns& columns,
                       const Reader& reader) {
  for (const size_t used : {columns.question, columns.answer}) {
    if (used == Columns::kNone) continue;
    for (size_t i = used + 1; i < header.size(); ++i) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(header[i]),
                                 absl::StripAsciiWhitespace(header[used]))) {
        return reader.Fault(
            absl::StrCat("two columns are called ",
                         absl::StripAsciiWhitespace(header[used])));
      }
    }
  }
  return absl::OkStatus();
}

// Skips "sep=;", which Excel writes as the first line.
bool ConsumeSeparatorLine(absl::string_view& bytes) {
  const size_t end = bytes.find_first_of("\r\n");
  if (end > 6 || !absl::StartsWithIgnoreCase(bytes, "sep=")) return false;
  bytes.remove_prefix(end);
  if (!absl::ConsumePrefix(&bytes, "\r\n")) bytes.remove_prefix(1);
  return true;
}

// Finds separator and columns; InvalidArgument shows the first row.
absl::Status LookAtFirstRow(absl::string_view bytes, absl::string_view name,
                            char& separator, Columns& columns) {
  absl::Status broken;
  for (const bool by_name : {true, false}) {
    for (const char candidate : {',', '\t', ';', '|'}) {
      Reader reader(bytes, name, candidate);
      Fields row;
      const absl::Status status = reader.Next(row);
      if (candidate == ',') broken = status;
      if (!status.ok()) continue;
      columns = by_name ? NamedColumns(row) : UnmistakableColumns(row);
      separator = candidate;
      if (columns.question == Columns::kNone) continue;
      return by_name ? CheckOnce(row, columns, reader) : absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      name, ", line 1: this is not a header of puzzles: found \"",
      FirstLine(bytes), "\"", broken.ok() ? "" : " (",
      broken.ok() ? "" : broken.message(), broken.ok() ? "" : ")",
      "; expected ", kHeader,
      ", of which question is needed; puzzle and solution, or quizzes and "
      "solutions, are read as question and answer"));
}

}  // namespace

absl::StatusOr<PuzzleFile> ParsePuzzleCsv(absl::string_view bytes,
                                          absl::string_view name) {
  absl::ConsumePrefix(&bytes, "\xEF\xBB\xBF");  // byte-order mark
  const absl::string_view whole = bytes;
  const bool named = ConsumeSeparatorLine(bytes);
  if (absl::StripAsciiWhitespace(bytes).empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": empty; expected rows of ", kHeader, " below that header"));
  }
  char separator = ',';
  Columns columns;
  ARCTRM_RETURN_IF_ERROR(LookAtFirstRow(bytes, name, separator, columns));
  if (named) bytes = whole;
  Reader reader(bytes, name, separator);
  Fields separator_line;
  if (named) ARCTRM_RETURN_IF_ERROR(reader.Next(separator_line));
  ARCTRM_ASSIGN_OR_RETURN(PuzzleFile file, Puzzles(reader, columns).Read());
  if (file.puzzles.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": no puzzles below the header"));
  }
  return file;
}

absl::StatusOr<PuzzleFile> ReadPuzzleCsv(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string bytes, ReadTextFile(path));
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
                    PuzzleText(file.kind, puzzle.answer), ",");
    if (puzzle.rating.has_value()) absl::StrAppend(&out, *puzzle.rating);
    if (confident) out += ",";
    if (puzzle.confidence.has_value()) {
      absl::StrAppendFormat(&out, "%.6f", *puzzle.confidence);
    }
    out += "\n";
  }
  return out;
}

}  // namespace arctrm
