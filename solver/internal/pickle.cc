// SPDX-License-Identifier: MIT
#include "solver/internal/pickle.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace arctrm::internal {
namespace {

using Kind = PickleValue::Kind;

// More values than the largest embedding table has tensors by far.
constexpr size_t kMostValues = 1 << 20;

class Parser {
 public:
  explicit Parser(absl::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<Pickle> Run() {
    while (!stopped_) {
      operation_ = at_;
      uint8_t code = 0;
      if (!Byte(code)) return Fault("it ends before its end mark");
      ARCTRM_RETURN_IF_ERROR(Do(code));
      if (out_.values.size() > kMostValues) return Fault("too many values");
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

  // Items above the last mark stay untouched by what looks below it.
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

  absl::Status PushText(int size_bytes) {
    PickleValue value;
    value.kind = Kind::kText;
    uint64_t size = 0;
    ARCTRM_RETURN_IF_ERROR(Number(size_bytes, size));
    ARCTRM_RETURN_IF_ERROR(Text(size, value.text));
    Push(std::move(value));
    return absl::OkStatus();
  }

  // Puts `items` into the list or dict on top of the stack.
  absl::Status Extend(const std::vector<int>& items, Kind kind) {
    if (stack_.size() <= Floor()) return Fault("its stack is empty");
    PickleValue& target = out_.values[static_cast<size_t>(stack_.back())];
    const bool dict = kind == Kind::kDict;
    // collections.OrderedDict() is a call whose result is then filled.
    if (dict && target.kind == Kind::kCall) {
      const std::string& callee = out_.at(target.items[0]).text;
      if (callee != "collections OrderedDict") return Fault("it fills no dict");
      target.kind = Kind::kDict;
      target.items.clear();
    }
    if (target.kind != kind) return Fault("it fills another object");
    if (dict && items.size() % 2 != 0) return Fault("a key has no value");
    target.items.insert(target.items.end(), items.begin(), items.end());
    // References are counted like values: a small file must not grow for ever.
    references_ += items.size();
    if (references_ > kMostValues) return Fault("too many items");
    return absl::OkStatus();
  }

  absl::Status Remember(uint64_t index) {
    if (stack_.empty()) return Fault("there is nothing to remember");
    memo_[index] = stack_.back();
    return absl::OkStatus();
  }

  absl::Status Recall(uint64_t index) {
    const auto it = memo_.find(index);
    if (it == memo_.end()) {
      return Fault(absl::StrCat("no value was remembered as ", index));
    }
    stack_.push_back(it->second);
    if (++references_ > kMostValues) return Fault("too many values");
    return absl::OkStatus();
  }

  absl::Status PushCall(Kind kind) {
    PickleValue value;
    value.kind = kind;
    value.items.resize(2);
    ARCTRM_RETURN_IF_ERROR(Pop(value.items[1]));
    ARCTRM_RETURN_IF_ERROR(Pop(value.items[0]));
    Push(std::move(value));
    return absl::OkStatus();
  }

  absl::Status PushGlobal(const std::string& module, const std::string& name) {
    PickleValue value;
    value.kind = Kind::kGlobal;
    value.text = absl::StrCat(module, " ", name);
    Push(std::move(value));
    return absl::OkStatus();
  }

  absl::Status Do(uint8_t code) {
    uint64_t number = 0;
    std::vector<int> items;
    int place = 0;
    switch (code) {
      case 0x80:  // PROTO
        ARCTRM_RETURN_IF_ERROR(Number(1, number));
        if (number < 2 || number > 5) return Fault("an unknown protocol");
        return absl::OkStatus();
      case 0x95:  // FRAME
        return Number(8, number);
      case '.':
        ARCTRM_RETURN_IF_ERROR(Pop(out_.root));
        stopped_ = true;
        return absl::OkStatus();
      case '(':
        marks_.push_back(stack_.size());
        return absl::OkStatus();
      case '0':
        return Pop(place);
      case '1':
        return PopToMark(items);
      case '2':
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        stack_.insert(stack_.end(), 2, place);
        return absl::OkStatus();
      case 'N':
        Push({});
        return absl::OkStatus();
      case 0x88:
      case 0x89:
        PushInt(Kind::kBool, code == 0x88);
        return absl::OkStatus();
      case 'J':
        ARCTRM_RETURN_IF_ERROR(Number(4, number));
        PushInt(Kind::kInt, static_cast<int32_t>(number));
        return absl::OkStatus();
      case 'K':
      case 'M':
        ARCTRM_RETURN_IF_ERROR(Number(code == 'K' ? 1 : 2, number));
        PushInt(Kind::kInt, static_cast<int64_t>(number));
        return absl::OkStatus();
      case 0x8a: {  // LONG1, two's complement
        uint64_t size = 0;
        ARCTRM_RETURN_IF_ERROR(Number(1, size));
        if (size > 8) return Fault("a number of more than 64 bits");
        ARCTRM_RETURN_IF_ERROR(Number(static_cast<int>(size), number));
        if (size > 0 && size < 8 && (number >> (8 * size - 1)) != 0) {
          number |= ~uint64_t{0} << (8 * size);
        }
        PushInt(Kind::kInt, static_cast<int64_t>(number));
        return absl::OkStatus();
      }
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
        return absl::OkStatus();
      }
      case 'X':  // BINUNICODE
      case 'B':  // BINBYTES
      case 'T':  // BINSTRING
        return PushText(4);
      case 0x8c:  // SHORT_BINUNICODE
      case 'C':   // SHORT_BINBYTES
      case 'U':   // SHORT_BINSTRING
        return PushText(1);
      case '}':
      case ']':
      case ')': {
        PickleValue value;
        value.kind = code == '}'   ? Kind::kDict
                     : code == ']' ? Kind::kList
                                   : Kind::kTuple;
        Push(std::move(value));
        return absl::OkStatus();
      }
      case 't': {
        PickleValue value;
        value.kind = Kind::kTuple;
        ARCTRM_RETURN_IF_ERROR(PopToMark(value.items));
        Push(std::move(value));
        return absl::OkStatus();
      }
      case 0x85:
      case 0x86:
      case 0x87:
        return PushTuple(code - 0x84);
      case 'a':
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        return Extend({place}, Kind::kList);
      case 'e':
        ARCTRM_RETURN_IF_ERROR(PopToMark(items));
        return Extend(items, Kind::kList);
      case 's':
        items.resize(2);
        ARCTRM_RETURN_IF_ERROR(Pop(items[1]));
        ARCTRM_RETURN_IF_ERROR(Pop(items[0]));
        return Extend(items, Kind::kDict);
      case 'u':
        ARCTRM_RETURN_IF_ERROR(PopToMark(items));
        return Extend(items, Kind::kDict);
      case 'q':
        ARCTRM_RETURN_IF_ERROR(Number(1, number));
        return Remember(number);
      case 'r':
        ARCTRM_RETURN_IF_ERROR(Number(4, number));
        return Remember(number);
      case 0x94:  // MEMOIZE
        return Remember(memo_.size());
      case 'h':
        ARCTRM_RETURN_IF_ERROR(Number(1, number));
        return Recall(number);
      case 'j':
        ARCTRM_RETURN_IF_ERROR(Number(4, number));
        return Recall(number);
      case 'c': {
        std::string module;
        std::string name;
        ARCTRM_RETURN_IF_ERROR(Line(module));
        ARCTRM_RETURN_IF_ERROR(Line(name));
        return PushGlobal(module, name);
      }
      case 0x93: {  // STACK_GLOBAL
        int name = 0;
        ARCTRM_RETURN_IF_ERROR(Pop(name));
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        if (out_.at(name).kind != Kind::kText ||
            out_.at(place).kind != Kind::kText) {
          return Fault("a global without a name");
        }
        return PushGlobal(out_.at(place).text, out_.at(name).text);
      }
      case 'R':
      case 0x81:  // NEWOBJ
        return PushCall(Kind::kCall);
      case 'b':
        // Attributes of an object, such as a state dict's versions.
        return Pop(place);
      case 'Q': {
        PickleValue value;
        value.kind = Kind::kPersistent;
        ARCTRM_RETURN_IF_ERROR(Pop(place));
        value.items = {place};
        Push(std::move(value));
        return absl::OkStatus();
      }
      default:
        return Fault(absl::StrCat("operation 0x", absl::Hex(code),
                                  ", which torch.save does not write"));
    }
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

const std::map<std::string, std::string>& StorageTypes() {
  static const auto* const types = new std::map<std::string, std::string>{
      {"torch FloatStorage", "F32"},     {"torch DoubleStorage", "F64"},
      {"torch BFloat16Storage", "BF16"}, {"torch HalfStorage", "F16"},
      {"torch LongStorage", "I64"},      {"torch IntStorage", "I32"},
      {"torch ByteStorage", "U8"},       {"torch CharStorage", "I8"},
      {"torch BoolStorage", "BOOL"}};
  return *types;
}

// Looks at one value of a state dict.
class TensorReader {
 public:
  explicit TensorReader(const Pickle& pickle) : pickle_(pickle) {}

  // nullopt for what is no tensor.
  absl::StatusOr<std::optional<PickledTensor>> Read(int place) const {
    const PickleValue& value = pickle_.at(place);
    if (value.kind != Kind::kCall) return std::nullopt;
    const PickleValue& callee = pickle_.at(value.items[0]);
    const PickleValue& args = pickle_.at(value.items[1]);
    if (callee.kind != Kind::kGlobal) return Fault("it calls no function");
    if (callee.text == "collections OrderedDict") return std::nullopt;
    if (args.kind != Kind::kTuple) return Fault("its arguments are no tuple");
    if (callee.text == "torch._utils _rebuild_parameter") {
      if (args.items.empty()) return Fault("a parameter without numbers");
      const PickleValue& inner = pickle_.at(args.items[0]);
      if (inner.kind != Kind::kCall || pickle_.at(inner.items[0]).text !=
                                           "torch._utils _rebuild_tensor_v2") {
        return Fault("a parameter that is no tensor");
      }
      return Read(args.items[0]);
    }
    if (callee.text != "torch._utils _rebuild_tensor_v2") {
      return absl::InvalidArgumentError(absl::StrCat(
          "the pickle asks for ", callee.text,
          ", which no state dict needs; nothing of it was run. Save "
          "model.state_dict() alone"));
    }
    PickledTensor tensor;
    ARCTRM_RETURN_IF_ERROR(Describe(args, tensor));
    return tensor;
  }

 private:
  static absl::Status Fault(absl::string_view what) {
    return absl::DataLossError(absl::StrCat("pickle: ", what));
  }

  absl::Status Numbers(int place, std::vector<int64_t>& out) const {
    const PickleValue& tuple = pickle_.at(place);
    if (tuple.kind != Kind::kTuple) return Fault("a shape is no tuple");
    for (const int item : tuple.items) {
      const PickleValue& number = pickle_.at(item);
      if (number.kind != Kind::kInt || number.integer < 0) {
        return Fault("a shape holds no number");
      }
      out.push_back(number.integer);
    }
    return absl::OkStatus();
  }

  // (('storage', type, key, location, size), offset, shape, stride, …)
  absl::Status Describe(const PickleValue& args, PickledTensor& out) const {
    if (args.items.size() < 4) return Fault("a tensor with too few arguments");
    const PickleValue& persistent = pickle_.at(args.items[0]);
    if (persistent.kind != Kind::kPersistent) return Fault("no storage");
    const PickleValue& id = pickle_.at(persistent.items[0]);
    if (id.kind != Kind::kTuple || id.items.size() < 5 ||
        pickle_.at(id.items[0]).text != "storage" ||
        pickle_.at(id.items[2]).kind != Kind::kText ||
        pickle_.at(id.items[4]).kind != Kind::kInt) {
      return Fault("a storage that is not described as one");
    }
    const auto type = StorageTypes().find(pickle_.at(id.items[1]).text);
    if (type == StorageTypes().end()) {
      return Fault(absl::StrCat("an unknown type of numbers, \"",
                                pickle_.at(id.items[1]).text, "\""));
    }
    out.dtype = type->second;
    out.storage = pickle_.at(id.items[2]).text;
    out.storage_size = pickle_.at(id.items[4]).integer;
    const PickleValue& offset = pickle_.at(args.items[1]);
    if (offset.kind != Kind::kInt || offset.integer < 0) {
      return Fault("an offset that is no number");
    }
    out.offset = offset.integer;
    ARCTRM_RETURN_IF_ERROR(Numbers(args.items[2], out.shape));
    ARCTRM_RETURN_IF_ERROR(Numbers(args.items[3], out.stride));
    if (out.shape.size() != out.stride.size() || out.shape.size() > 8) {
      return Fault("shape and stride don't fit");
    }
    // The last number must lie in the storage; no product may overflow.
    constexpr int64_t kFar = int64_t{1} << 40;
    int64_t last = out.offset;
    int64_t numbers = 1;
    bool empty = false;
    for (size_t i = 0; i < out.shape.size(); ++i) {
      if (out.shape[i] > kFar || out.stride[i] > kFar) {
        return Fault("a tensor of impossible size");
      }
      if (out.shape[i] == 0) {
        empty = true;
        continue;
      }
      if (out.shape[i] - 1 > kFar / std::max<int64_t>(1, out.stride[i])) {
        return Fault("a tensor of impossible size");
      }
      last += (out.shape[i] - 1) * out.stride[i];
      if (numbers > kFar / out.shape[i]) {
        return Fault("a tensor of impossible size");
      }
      numbers *= out.shape[i];
    }
    if (out.offset > kFar || out.storage_size < 0 ||
        (!empty && (last >= out.storage_size || numbers > out.storage_size))) {
      return Fault("a tensor that reaches outside its storage");
    }
    return absl::OkStatus();
  }

  const Pickle& pickle_;
};

}  // namespace

absl::StatusOr<Pickle> ParsePickle(absl::string_view bytes) {
  return Parser(bytes).Run();
}

absl::StatusOr<std::vector<PickledTensor>> StateDictTensors(
    const Pickle& pickle) {
  int place = pickle.root;
  if (pickle.at(place).kind != Kind::kDict) {
    return absl::DataLossError("pickle: no state dict, its root is no dict");
  }
  const auto inner = [&](absl::string_view key) {
    const std::vector<int>& items = pickle.at(pickle.root).items;
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (pickle.at(items[i]).kind == Kind::kText &&
          pickle.at(items[i]).text == key &&
          pickle.at(items[i + 1]).kind == Kind::kDict) {
        return items[i + 1];
      }
    }
    return -1;
  };
  for (const char* key : {"state_dict", "model", "ema"}) {
    const int found = inner(key);
    if (found < 0) continue;
    place = found;
    break;
  }
  const TensorReader reader(pickle);
  std::vector<PickledTensor> tensors;
  const std::vector<int>& items = pickle.at(place).items;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    const PickleValue& key = pickle.at(items[i]);
    if (key.kind != Kind::kText) continue;
    absl::StatusOr<std::optional<PickledTensor>> tensor =
        reader.Read(items[i + 1]);
    ARCTRM_RETURN_IF_ERROR(Annotate(tensor.status(), key.text));
    if (!tensor->has_value()) continue;
    tensors.push_back(*std::move(*tensor));
    tensors.back().name = key.text;
  }
  if (tensors.empty()) {
    return absl::DataLossError("pickle: a dict without tensors");
  }
  return tensors;
}

}  // namespace arctrm::internal
