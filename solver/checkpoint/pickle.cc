// SPDX-License-Identifier: MIT
#include "solver/checkpoint/pickle.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm::internal {
namespace {

using Kind = PickleValue::Kind;

// Larger than any training state with its optimiser and lists of ids.
constexpr size_t kMaxValues = 1 << 22;

class Parser {
 public:
  explicit Parser(absl::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<Pickle> Run() {
    while (!stopped_) {
      operation_ = at_;
      uint8_t code = 0;
      if (!Byte(code)) return Fault("it ends before its end mark");
      ARCTRM_RETURN_IF_ERROR(Do(code));
      if (out_.values.size() > kMaxValues) return Fault("too many values");
    }
    return std::move(out_);
  }

 private:
  absl::Status Fault(absl::string_view what) const {
    return absl::DataLossError(
        absl::StrCat("pickle, byte ", operation_, ": ", what));
  }

  bool Byte(uint8_t& value) {
    if (at_ >= bytes_.size()) return false;
    value = static_cast<uint8_t>(bytes_[at_++]);
    return true;
  }

  // Little-endian, unsigned.
  absl::Status Number(int size, uint64_t& value) {
    value = 0;
    for (int i = 0; i < size; ++i) {
      uint8_t byte = 0;
      if (!Byte(byte)) return Fault("truncated number");
      value |= uint64_t{byte} << (8 * i);
    }
    return absl::OkStatus();
  }

  absl::Status Text(uint64_t size, std::string& text) {
    if (size > bytes_.size() - at_) return Fault("truncated text");
    text = std::string(bytes_.substr(at_, static_cast<size_t>(size)));
    at_ += static_cast<size_t>(size);
    return absl::OkStatus();
  }

  absl::Status Line(std::string& text) {
    const size_t end = bytes_.find('\n', at_);
    if (end == absl::string_view::npos) return Fault("a line does not end");
    text = std::string(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    return absl::OkStatus();
  }

  int Add(PickleValue value) {
    out_.values.push_back(std::move(value));
    return static_cast<int>(out_.values.size()) - 1;
  }
  void Push(PickleValue value) { stack_.push_back(Add(std::move(value))); }
  void PushInt(Kind kind, int64_t integer) {
    PickleValue value;
    value.kind = kind;
    value.integer = integer;
    Push(std::move(value));
  }

  // Operations below the last mark must not touch items above it.
  size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }

  absl::Status Pop(int& place) {
    if (stack_.size() <= Floor()) return Fault("its stack is empty");
    place = stack_.back();
    stack_.pop_back();
    return absl::OkStatus();
  }

  absl::Status PopToMark(std::vector<int>& items) {
    if (marks_.empty()) return Fault("a mark is missing");
    items.assign(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()),
                 stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return absl::OkStatus();
  }

  absl::Status PushTuple(int size) {
    PickleValue value;
    value.kind = Kind::kTuple;
    value.items.resize(static_cast<size_t>(size));
    for (int i = size; i-- > 0;) {
      ARCTRM_RETURN_IF_ERROR(Pop(value.items[static_cast<size_t>(i)]));
    }
    Push(std::move(value));
    return absl::OkStatus();
  }

  absl::Status PushText(int size_bytes, Kind kind = Kind::kText) {
    PickleValue value;
    value.kind = kind;
    uint64_t size = 0;
    ARCTRM_RETURN_IF_ERROR(Number(size_bytes, size));
    ARCTRM_RETURN_IF_ERROR(Text(size, value.text));
    Push(std::move(value));
    return absl::OkStatus();
  }

  void PushOther() {
    PickleValue value;
    value.kind = Kind::kOther;
    Push(std::move(value));
  }

  // Two's complement of `size` bytes.
  absl::Status PushLong(uint64_t size) {
    uint64_t number = 0;
    if (size > 8) {
      if (size > bytes_.size() - at_) return Fault("truncated number");
      at_ += static_cast<size_t>(size);
      PushOther();
      return absl::OkStatus();
    }
    ARCTRM_RETURN_IF_ERROR(Number(static_cast<int>(size), number));
    if (size > 0 && size < 8 && (number >> (8 * size - 1)) != 0) {
      number |= ~uint64_t{0} << (8 * size);
    }
    PushInt(Kind::kInt, static_cast<int64_t>(number));
    return absl::OkStatus();
  }

  // A value as a line of text (protocols 0 and 1).
  absl::Status PushLine(uint8_t code) {
    PickleValue value;
    std::string line;
    ARCTRM_RETURN_IF_ERROR(Line(line));
    if (code == 'F') {
      value.kind = Kind::kFloat;
      if (!absl::SimpleAtod(line, &value.real)) return Fault("not a number");
    } else if (code == 'S' || code == 'V') {
      value.kind = Kind::kText;
      if (code == 'S' && line.size() >= 2)
        line = line.substr(1, line.size() - 2);
      value.text = std::move(line);
    } else if (code == 'I' && (line == "00" || line == "01")) {
      value.kind = Kind::kBool;
      value.integer = line == "01" ? 1 : 0;
    } else {
      if (!line.empty() && line.back() == 'L') line.pop_back();
      value.kind =
          absl::SimpleAtoi(line, &value.integer) ? Kind::kInt : Kind::kOther;
    }
    Push(std::move(value));
    return absl::OkStatus();
  }

  absl::Status PushCollection(Kind kind) {
    PickleValue value;
    value.kind = kind;
    ARCTRM_RETURN_IF_ERROR(PopToMark(value.items));
    if (kind == Kind::kDict && value.items.size() % 2 != 0) {
      return Fault("a key has no value");
    }
    Push(std::move(value));
    return absl::OkStatus();
  }

  // Adds `items` to the list, dict or object on top of the stack.
  absl::Status Extend(const std::vector<int>& items, Kind kind) {
    if (stack_.size() <= Floor()) return Fault("its stack is empty");
    const int place = stack_.back();
    PickleValue& target = out_.values[static_cast<size_t>(place)];
    const bool dict = kind == Kind::kDict;
    // collections.OrderedDict() is a call that later opcodes fill.
    if (dict && target.kind == Kind::kCall &&
        out_.at(target.items[0]).text == "collections OrderedDict" &&
        out_.at(target.items[1]).items.empty()) {
      target.kind = Kind::kDict;
      target.items.clear();
    }
    std::vector<int>* content = &target.items;
    if (target.kind == Kind::kCall) {
      PickleContent& object = out_.contents[place];
      content = dict ? &object.entries : &object.parts;
    } else if (target.kind != kind) {
      return Fault("it adds items to another kind of value");
    }
    if (dict && items.size() % 2 != 0) return Fault("a key has no value");
    content->insert(content->end(), items.begin(), items.end());
    // Counts references like values, so that a small file cannot grow without
    // limit.
    return CountReferences(items.size());
  }

  absl::Status CountReferences(size_t count) {
    references_ += count;
    if (references_ > kMaxValues) return Fault("too many items");
    return absl::OkStatus();
  }

  absl::Status Remember(uint64_t index) {
    if (stack_.empty()) return Fault("the stack has no value for the memo");
    memo_[index] = stack_.back();
    return absl::OkStatus();
  }

  absl::Status Recall(uint64_t index) {
    const auto it = memo_.find(index);
    if (it == memo_.end()) {
      return Fault(absl::StrCat("the memo has no value ", index));
    }
    stack_.push_back(it->second);
    return CountReferences(1);
  }

  // Pops a callable and its arguments from the stack.
  absl::Status PushCall() {
    int args = 0;
    int callee = 0;
    ARCTRM_RETURN_IF_ERROR(Pop(args));
    ARCTRM_RETURN_IF_ERROR(Pop(callee));
    PushCallOf(callee, args);
    return absl::OkStatus();
  }
  void PushCallOf(int callee, int args) {
    PickleValue value;
    value.kind = Kind::kCall;
    value.items = {callee, args};
    Push(std::move(value));
  }

  // An object with its arguments above a mark. The class is the first of them,
  // or follows in two lines.
  absl::Status PushMarkedCall(bool in_lines) {
    PickleValue args;
    args.kind = Kind::kTuple;
    int callee = 0;
    ARCTRM_RETURN_IF_ERROR(PopToMark(args.items));
    if (in_lines) {
      ARCTRM_RETURN_IF_ERROR(ReadGlobal());
      ARCTRM_RETURN_IF_ERROR(Pop(callee));
    } else {
      if (args.items.empty()) return Fault("an object without a class");
      callee = args.items[0];
      args.items.erase(args.items.begin());
    }
    PushCallOf(callee, Add(std::move(args)));
    return absl::OkStatus();
  }

  absl::Status ReadGlobal() {
    std::string module;
    std::string name;
    ARCTRM_RETURN_IF_ERROR(Line(module));
    ARCTRM_RETURN_IF_ERROR(Line(name));
    return PushGlobal(module, name);
  }

  // Assigns a state to an object, such as its attributes.
  absl::Status Build() {
    int state = 0;
    ARCTRM_RETURN_IF_ERROR(Pop(state));
    if (stack_.size() <= Floor()) return Fault("its stack is empty");
    out_.contents[stack_.back()].parts.push_back(state);
    return CountReferences(1);
  }

  absl::Status PushGlobal(const std::string& module, const std::string& name) {
    PickleValue value;
    value.kind = Kind::kGlobal;
    value.text = absl::StrCat(module, " ", name);
    Push(std::move(value));
    return absl::OkStatus();
  }

  // Values without parts.
  absl::StatusOr<bool> DoScalar(uint8_t code) {
    uint64_t number = 0;
    switch (code) {
      case 'N':
        Push({});
        return true;
      case 0x88:
      case 0x89:
        PushInt(Kind::kBool, code == 0x88);
        return true;
      case 'J':
        ARCTRM_RETURN_IF_ERROR(Number(4, number));
        PushInt(Kind::kInt, static_cast<int32_t>(number));
        return true;
      case 'K':
      case 'M':
        ARCTRM_RETURN_IF_ERROR(Number(code == 'K' ? 1 : 2, number));
        PushInt(Kind::kInt, static_cast<int64_t>(number));
        return true;
      case 0x8a:  // LONG1
      case 0x8b:  // LONG4
        ARCTRM_RETURN_IF_ERROR(Number(code == 0x8a ? 1 : 4, number));
        ARCTRM_RETURN_IF_ERROR(PushLong(number));
        return true;
      case 'G': {  // big-endian
        uint64_t bits = 0;
        for (int i = 0; i < 8; ++i) {
          uint8_t byte = 0;
          if (!Byte(byte)) return Fault("truncated number");
          bits = bits << 8 | byte;
        }
        PickleValue value;
        value.kind = Kind::kFloat;
        std::memcpy(&value.real, &bits, sizeof(bits));
        Push(std::move(value));
        return true;
      }
      case 'I':
      case 'L':
      case 'F':
      case 'S':
      case 'V':
        ARCTRM_RETURN_IF_ERROR(PushLine(code));
        return true;
      case 'X':  // BINUNICODE
      case 'T':  // BINSTRING
        ARCTRM_RETURN_IF_ERROR(PushText(4));
        return true;
      case 0x8c:  // SHORT_BINUNICODE
      case 'U':   // SHORT_BINSTRING
        ARCTRM_RETURN_IF_ERROR(PushText(1));
        return true;
      case 0x8d:  // BINUNICODE8
        ARCTRM_RETURN_IF_ERROR(PushText(8));
        return true;
      case 'B':   // BINBYTES
      case 'C':   // SHORT_BINBYTES
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        ARCTRM_RETURN_IF_ERROR(
            PushText(code == 'B' ? 4 : (code == 'C' ? 1 : 8), Kind::kBytes));
        return true;
      case 0x97:  // NEXT_BUFFER
        PushOther();
        return true;
      default:
        return false;
    }
  }

  // Lists, tuples, dicts and sets.
  absl::StatusOr<bool> DoCollection(uint8_t code) {
    std::vector<int> items;
    int place = 0;
    switch (code) {
      case '}':
      case ']':
      case ')':
      case 0x8f: {  // EMPTY_SET
        PickleValue value;
        value.kind = code == '}'   ? Kind::kDict
                     : code == ')' ? Kind::kTuple
                                   : Kind::kList;
        Push(std::move(value));
        return true;
      }
      case 't':
      case 'l':
      case 'd':
      case 0x91:  // FROZENSET
        ARCTRM_RETURN_IF_ERROR(PushCollection(code == 't'   ? Kind::kTuple
                                              : code == 'd' ? Kind::kDict
                                                            : Kind::kList));
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        ARCTRM_RETURN_IF_ERROR(PushTuple(code - 0x84));
        return true;
      case 'a':
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        ARCTRM_RETURN_IF_ERROR(Extend({place}, Kind::kList));
        return true;
      case 'e':
      case 0x90:  // ADDITEMS
        ARCTRM_RETURN_IF_ERROR(PopToMark(items));
        ARCTRM_RETURN_IF_ERROR(Extend(items, Kind::kList));
        return true;
      case 's':
        items.resize(2);
        ARCTRM_RETURN_IF_ERROR(Pop(items[1]));
        ARCTRM_RETURN_IF_ERROR(Pop(items[0]));
        ARCTRM_RETURN_IF_ERROR(Extend(items, Kind::kDict));
        return true;
      case 'u':
        ARCTRM_RETURN_IF_ERROR(PopToMark(items));
        ARCTRM_RETURN_IF_ERROR(Extend(items, Kind::kDict));
        return true;
      default:
        return false;
    }
  }

  // Globals, calls and their later content, kept as data.
  absl::StatusOr<bool> DoObject(uint8_t code) {
    uint64_t number = 0;
    int place = 0;
    switch (code) {
      case 'c':
        ARCTRM_RETURN_IF_ERROR(ReadGlobal());
        return true;
      case 0x93: {  // STACK_GLOBAL
        int name = 0;
        ARCTRM_RETURN_IF_ERROR(Pop(name));
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        if (out_.at(name).kind != Kind::kText ||
            out_.at(place).kind != Kind::kText) {
          return Fault("a global without a name");
        }
        ARCTRM_RETURN_IF_ERROR(
            PushGlobal(out_.at(place).text, out_.at(name).text));
        return true;
      }
      case 0x82:  // EXT1, EXT2, EXT4
      case 0x83:
      case 0x84:
        ARCTRM_RETURN_IF_ERROR(Number(1 << (code - 0x82), number));
        ARCTRM_RETURN_IF_ERROR(
            PushGlobal("copyreg", absl::StrCat("extension ", number)));
        return true;
      case 'R':
      case 0x81:  // NEWOBJ
        ARCTRM_RETURN_IF_ERROR(PushCall());
        return true;
      case 0x92:  // NEWOBJ_EX, with keywords
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        ARCTRM_RETURN_IF_ERROR(PushCall());
        out_.contents[stack_.back()].parts.push_back(place);
        return true;
      case 'i':
      case 'o':
        ARCTRM_RETURN_IF_ERROR(PushMarkedCall(code == 'i'));
        return true;
      case 'b':
        ARCTRM_RETURN_IF_ERROR(Build());
        return true;
      case 'P':
      case 'Q': {
        PickleValue value;
        value.kind = Kind::kPersistent;
        if (code == 'P') {
          ARCTRM_RETURN_IF_ERROR(PushLine('V'));
        }
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        value.items = {place};
        Push(std::move(value));
        return true;
      }
      default:
        return false;
    }
  }

  // The stack and the memo.
  absl::StatusOr<bool> DoStack(uint8_t code) {
    uint64_t number = 0;
    std::vector<int> items;
    int place = 0;
    switch (code) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '0':
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        return true;
      case '1':
        ARCTRM_RETURN_IF_ERROR(PopToMark(items));
        return true;
      case '2':
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        stack_.insert(stack_.end(), 2, place);
        ARCTRM_RETURN_IF_ERROR(CountReferences(1));
        return true;
      case 'q':
      case 'r':
        ARCTRM_RETURN_IF_ERROR(Number(code == 'q' ? 1 : 4, number));
        ARCTRM_RETURN_IF_ERROR(Remember(number));
        return true;
      case 0x94:  // MEMOIZE
        ARCTRM_RETURN_IF_ERROR(Remember(memo_.size()));
        return true;
      case 'h':
      case 'j':
        ARCTRM_RETURN_IF_ERROR(Number(code == 'h' ? 1 : 4, number));
        ARCTRM_RETURN_IF_ERROR(Recall(number));
        return true;
      case 'p':
      case 'g': {
        std::string line;
        ARCTRM_RETURN_IF_ERROR(Line(line));
        if (!absl::SimpleAtoi(line, &number)) return Fault("not a number");
        ARCTRM_RETURN_IF_ERROR(code == 'p' ? Remember(number) : Recall(number));
        return true;
      }
      default:
        return false;
    }
  }

  absl::Status Do(uint8_t code) {
    uint64_t number = 0;
    switch (code) {
      case 0x80:  // PROTO
        ARCTRM_RETURN_IF_ERROR(Number(1, number));
        if (number < 2 || number > 5) return Fault("an unknown protocol");
        return absl::OkStatus();
      case 0x95:  // FRAME
        return Number(8, number);
      case 0x98:  // READONLY_BUFFER
        return absl::OkStatus();
      case '.':
        ARCTRM_RETURN_IF_ERROR(Pop(out_.root));
        stopped_ = true;
        return absl::OkStatus();
      default:
        break;
    }
    for (const auto group : {&Parser::DoScalar, &Parser::DoCollection,
                             &Parser::DoObject, &Parser::DoStack}) {
      ARCTRM_ASSIGN_OR_RETURN(const bool done, (this->*group)(code));
      if (done) return absl::OkStatus();
    }
    return Fault(absl::StrCat("unknown opcode 0x", absl::Hex(code)));
  }

  absl::string_view bytes_;
  size_t at_ = 0;
  size_t operation_ = 0;
  bool stopped_ = false;
  size_t references_ = 0;
  Pickle out_;
  std::vector<int> stack_;
  std::vector<size_t> marks_;
  std::map<uint64_t, int> memo_;
};

}  // namespace

absl::StatusOr<Pickle> ParsePickle(absl::string_view bytes) {
  return Parser(bytes).Run();
}

}  // namespace arctrm::internal
