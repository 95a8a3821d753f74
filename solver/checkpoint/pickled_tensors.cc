// SPDX-License-Identifier: MIT
#include "solver/checkpoint/pickled_tensors.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status.h"
#include "solver/checkpoint/safetensors.h"

namespace arctrm::internal {
namespace {

using Kind = PickleValue::Kind;

// Deeper and longer than names of modules.
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxPath = 400;
constexpr size_t kMaxTensors = 1 << 17;
constexpr size_t kMaxNumbers = 1000;
constexpr int kMaxRepeats = 100;
// Messages name at most this many entries and count the rest.
constexpr size_t kMaxNamed = 12;

const std::map<std::string, std::string>& StorageTypes() {
  static const auto* const types = new std::map<std::string, std::string>{
      {"torch FloatStorage", "F32"},     {"torch DoubleStorage", "F64"},
      {"torch BFloat16Storage", "BF16"}, {"torch HalfStorage", "F16"},
      {"torch LongStorage", "I64"},      {"torch IntStorage", "I32"},
      {"torch ByteStorage", "U8"},       {"torch CharStorage", "I8"},
      {"torch BoolStorage", "BOOL"}};
  return *types;
}

// Interprets one value as a tensor.
class TensorReader {
 public:
  explicit TensorReader(const Pickle& pickle) : pickle_(pickle) {}

  // nullopt for other values.
  absl::StatusOr<std::optional<PickledTensor>> Read(int place) const {
    return Read(place, 0);
  }

 private:
  static absl::Status Fault(absl::string_view what) {
    return absl::DataLossError(absl::StrCat("pickle: ", what));
  }

  absl::Status Numbers(int place, std::vector<int64_t>& out) const {
    const PickleValue& tuple = pickle_.at(place);
    if (tuple.kind != Kind::kTuple) return Fault("a shape is not a tuple");
    for (const int item : tuple.items) {
      const PickleValue& number = pickle_.at(item);
      if (number.kind != Kind::kInt || number.integer < 0) {
        return Fault("a shape contains a value that is not a number");
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
      return Fault("a storage with an invalid description");
    }
    const std::string& type = pickle_.at(id.items[1]).text;
    const auto known = StorageTypes().find(type);
    if (out.dtype.empty()) {
      out.dtype = known != StorageTypes().end() ? known->second : type;
    }
    out.dtype = std::string(absl::StripPrefix(out.dtype, "torch "));
    out.storage = pickle_.at(id.items[2]).text;
    out.storage_size = pickle_.at(id.items[4]).integer;
    const PickleValue& offset = pickle_.at(args.items[1]);
    if (offset.kind != Kind::kInt || offset.integer < 0) {
      return Fault("an offset that is not a number");
    }
    out.offset = offset.integer;
    ARCTRM_RETURN_IF_ERROR(Numbers(args.items[2], out.shape));
    ARCTRM_RETURN_IF_ERROR(Numbers(args.items[3], out.stride));
    if (out.shape.size() != out.stride.size() || out.shape.size() > 8) {
      return Fault("shape and stride don't fit");
    }
    return CheckBounds(out);
  }

  // The last number must lie within the storage. Guards against overflow.
  static absl::Status CheckBounds(const PickledTensor& out) {
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
    const bool counted = DtypeBytes(out.dtype) > 0;
    if (out.offset > kFar || out.storage_size < 0 || out.storage_size > kFar ||
        (!empty && counted && last >= out.storage_size)) {
      return Fault("a tensor that exceeds its storage");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<PickledTensor>> Read(int place,
                                                    int depth) const {
    const PickleValue& value = pickle_.at(place);
    if (value.kind != Kind::kCall) return std::nullopt;
    return ReadCall(value.items[0], value.items[1], depth);
  }

  // Parameters and tensors of other classes contain the tensor itself.
  absl::StatusOr<std::optional<PickledTensor>> ReadCall(int callee_place,
                                                        int args_place,
                                                        int depth) const {
    const PickleValue& callee = pickle_.at(callee_place);
    const PickleValue& args = pickle_.at(args_place);
    if (callee.kind != Kind::kGlobal || args.kind != Kind::kTuple) {
      return std::nullopt;
    }
    if (depth > 4) return Fault("tensors inside tensors");
    if (callee.text == "torch._tensor _rebuild_from_type_v2") {
      // (function, class, its arguments, attributes)
      if (args.items.size() < 3) return Fault("a tensor without arguments");
      return ReadCall(args.items[0], args.items[2], depth + 1);
    }
    absl::string_view name = callee.text;
    if (absl::StartsWith(name, "torch._utils _rebuild_parameter")) {
      if (args.items.empty()) return Fault("a parameter without numbers");
      ARCTRM_ASSIGN_OR_RETURN(auto tensor, Read(args.items[0], depth + 1));
      if (!tensor.has_value()) return Fault("a parameter that is not a tensor");
      return tensor;
    }
    if (!absl::ConsumePrefix(&name, "torch._utils _rebuild_")) {
      return std::nullopt;
    }
    PickledTensor tensor;
    if (name == "tensor" || name == "tensor_v2" || name == "tensor_v3") {
      if (name == "tensor_v3" && args.items.size() > 6) {
        tensor.dtype = pickle_.at(args.items[6]).text;
      }
      ARCTRM_RETURN_IF_ERROR(Describe(args, tensor));
      ARCTRM_RETURN_IF_ERROR(CheckPlain(args, name == "tensor_v3" ? 7 : 6));
      return tensor;
    }
    return OtherKind(name);
  }

  // A dict marks views that negate or conjugate on reading.
  absl::Status CheckPlain(const PickleValue& args, size_t at) const {
    if (args.items.size() <= at) return absl::OkStatus();
    const PickleValue& marks = pickle_.at(args.items[at]);
    if (marks.kind != Kind::kDict) return absl::OkStatus();
    for (size_t i = 1; i < marks.items.size(); i += 2) {
      if (pickle_.at(marks.items[i]).integer == 0) continue;
      return absl::InvalidArgumentError(
          "a view that negates its numbers; save a copy (tensor.clone())");
    }
    return absl::OkStatus();
  }

  static absl::Status OtherKind(absl::string_view name) {
    std::string what =
        absl::StrCat("a kind of tensor (",
                     absl::Utf8SafeCHexEscape(name.substr(0, 60)), ")");
    std::string instead = "save it as a plain one (tensor.detach().clone())";
    if (absl::StartsWith(name, "sparse")) {
      what = "a sparse tensor";
      instead = "save tensor.to_dense()";
    } else if (name == "qtensor") {
      what = "a quantized tensor";
      instead = "save the weights before quantization, or tensor.dequantize()";
    } else if (absl::StartsWith(name, "nested")) {
      what = "a nested tensor";
      instead = "save the tensors in it (tensor.unbind())";
    } else if (absl::StartsWith(name, "meta_tensor")) {
      what = "a tensor without numbers (device meta)";
      instead = "save the state dict after loading the weights";
    } else if (absl::StartsWith(name, "wrapper_subclass")) {
      what = "a tensor of another class, such as a DTensor";
      instead = "save tensor.full_tensor(), or tensor.dequantize()";
    }
    return absl::InvalidArgumentError(
        absl::StrCat(what, ", which is not read; ", instead));
  }

  const Pickle& pickle_;
};

// Wrappers that PyTorch adds to the names of modules.
bool IsFrame(absl::string_view word) {
  return word == "_modules" || word == "_parameters" || word == "_buffers" ||
         word == "_orig_mod" || word == "_fsdp_wrapped_module" ||
         word == "_checkpoint_wrapped_module";
}

std::string CleanPath(absl::string_view path) {
  std::vector<absl::string_view> words;
  for (const absl::string_view word : absl::StrSplit(path, '.')) {
    if (!IsFrame(word)) words.push_back(word);
  }
  return absl::StrJoin(words, ".");
}

// The callable that makes an object: "numpy._core.multiarray.scalar".
std::string CalleeName(const Pickle& pickle, const PickleValue& call) {
  const PickleValue* callee = &pickle.at(call.items[0]);
  const PickleValue& args = pickle.at(call.items[1]);
  const bool by_class = absl::EndsWith(callee->text, " _reconstructor") ||
                        absl::EndsWith(callee->text, " __newobj__");
  if (by_class && !args.items.empty()) callee = &pickle.at(args.items[0]);
  std::string name = callee->kind == Kind::kGlobal ? callee->text : "?";
  std::replace(name.begin(), name.end(), ' ', '.');
  return absl::Utf8SafeCHexEscape(absl::string_view(name).substr(0, 80));
}

// The error for an object in the place of a tensor.
absl::Status NotATensor(const Pickle& pickle, const PickleValue& call) {
  const std::string name = CalleeName(pickle, call);
  if (absl::StartsWith(name, "numpy")) {
    return absl::InvalidArgumentError(
        "a NumPy array; save PyTorch tensors (torch.from_numpy of each)");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not a tensor: the pickle calls ", name,
                   ", which no state dict needs; arctrm did not run it"));
}

// Is `word` the name of a weight that no module or dict can have?
bool IsLeafName(absl::string_view path) {
  if (WeightNameStart(path) == std::string::npos) return false;
  const size_t dot = path.rfind('.');
  const absl::string_view word = dot == path.npos ? path : path.substr(dot + 1);
  return absl::StrContains(word, "weight") || word == "bias" ||
         absl::EndsWith(word, "_init");
}

class Walker {
 public:
  Walker(const Pickle& pickle, std::vector<NamedNumber>* numbers)
      : pickle_(pickle), reader_(pickle), numbers_(numbers) {}

  std::vector<FoundTensor> Run() {
    todo_.push_back({pickle_.root, "", 0, 0});
    while (!todo_.empty() && found_.size() < kMaxTensors) {
      const Step step = std::move(todo_.back());
      todo_.pop_back();
      Look(step);
    }
    return std::move(found_);
  }

 private:
  struct Step {
    int place = 0;
    std::string path;  // ends with a dot unless it is empty
    size_t container = 0;
    size_t depth = 0;
  };

  void Look(const Step& step) {
    const PickleValue& value = pickle_.at(step.place);
    if (value.kind == Kind::kCall && Take(step)) return;
    if (value.kind == Kind::kInt || value.kind == Kind::kBool) Note(step);
    const bool holds = value.kind == Kind::kCall || !value.items.empty();
    if (!holds || step.depth > kMaxDepth || step.path.size() > kMaxPath) {
      return;
    }
    // Visits other values once, because objects can contain each other. A state
    // dict may have two names.
    if (!seen_.insert(step.place).second &&
        (!HoldsTensors(value) || ++again_ > kMaxRepeats)) {
      return;
    }
    children_.clear();
    if (value.kind == Kind::kDict) {
      AddEntries(step, value.items);
    } else if (value.kind == Kind::kList || value.kind == Kind::kTuple) {
      AddItems(step, value, !step.path.empty() || value.kind == Kind::kList);
    } else if (value.kind == Kind::kCall) {
      AddSame(step, value.items[1]);
    }
    const auto content = pickle_.contents.find(step.place);
    if (content != pickle_.contents.end()) {
      AddEntries(step, content->second.entries);
      for (const int part : content->second.parts) AddSame(step, part);
    }
    // Keeps the order of the entries.
    todo_.insert(todo_.end(), std::make_move_iterator(children_.rbegin()),
                 std::make_move_iterator(children_.rend()));
  }

  bool HoldsTensors(const PickleValue& value) const {
    if (value.kind != Kind::kDict || value.items.size() < 2) return false;
    const auto tensor = reader_.Read(value.items[1]);
    return !tensor.ok() || tensor->has_value();
  }

  void Note(const Step& step) const {
    const std::string path = CleanPath(absl::StripSuffix(step.path, "."));
    if (numbers_ == nullptr || !IsCounterName(path)) return;
    if (numbers_->size() >= kMaxNumbers) return;
    numbers_->push_back({path, pickle_.at(step.place).integer});
  }

  // A tensor, or an object under the name of a weight.
  bool Take(const Step& step) {
    if (step.path.empty()) return false;
    absl::StatusOr<std::optional<PickledTensor>> tensor =
        reader_.Read(step.place);
    const bool is_tensor = !tensor.ok() || tensor->has_value();
    FoundTensor found;
    found.path = CleanPath(absl::StripSuffix(step.path, "."));
    if (!is_tensor && !IsLeafName(found.path)) return false;
    found.container =
        CleanPath(absl::string_view(step.path).substr(0, step.container))
            .size();
    if (!is_tensor) {
      found.status = NotATensor(pickle_, pickle_.at(step.place));
    } else if (tensor.ok()) {
      found.tensor = **std::move(tensor);
    } else {
      found.status = tensor.status();
    }
    found_.push_back(std::move(found));
    return true;
  }

  void Add(const Step& around, int place, absl::string_view key) {
    Step step;
    step.place = place;
    step.container = around.path.size();
    step.depth = around.depth + 1;
    if (around.path.size() + key.size() > kMaxPath) return;
    step.path = absl::StrCat(around.path, key, ".");
    children_.push_back(std::move(step));
  }

  void AddEntries(const Step& step, const std::vector<int>& entries) {
    for (size_t i = 0; i + 1 < entries.size(); i += 2) {
      const PickleValue& key = pickle_.at(entries[i]);
      if (key.kind == Kind::kText || key.kind == Kind::kBytes) {
        Add(step, entries[i + 1], key.text);
      } else {
        Add(step, entries[i + 1], absl::StrCat(key.integer));
      }
    }
  }

  // (name, value), as in a list of named parameters.
  bool IsPair(int place) const {
    const PickleValue& pair = pickle_.at(place);
    return (pair.kind == Kind::kTuple || pair.kind == Kind::kList) &&
           pair.items.size() == 2 &&
           pickle_.at(pair.items[0]).kind == Kind::kText;
  }

  void AddItems(const Step& step, const PickleValue& list, bool numbered) {
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (IsPair(list.items[i])) {
        const std::vector<int>& pair = pickle_.at(list.items[i]).items;
        Add(step, pair[1], pickle_.at(pair[0]).text);
      } else if (numbered) {
        Add(step, list.items[i], absl::StrCat(i));
      } else {
        children_.push_back(
            {list.items[i], step.path, step.container, step.depth + 1});
      }
    }
  }

  // Arguments and states add no level of names.
  void AddSame(const Step& step, int place) {
    const PickleValue& value = pickle_.at(place);
    if (value.kind == Kind::kTuple) {
      AddItems(step, value, false);
    } else if (value.kind == Kind::kDict) {
      AddEntries(step, value.items);
    } else {
      children_.push_back({place, step.path, step.container, step.depth + 1});
    }
  }

  const Pickle& pickle_;
  const TensorReader reader_;
  std::vector<NamedNumber>* const numbers_;
  std::vector<FoundTensor> found_;
  std::vector<Step> todo_;
  std::vector<Step> children_;
  std::set<int> seen_;
  int again_ = 0;
};

// The entries of a dict or dict-like object.
std::vector<int> EntriesOf(const Pickle& pickle, int place) {
  const PickleValue& value = pickle.at(place);
  if (value.kind == Kind::kDict) return value.items;
  const auto content = pickle.contents.find(place);
  return content == pickle.contents.end() ? std::vector<int>()
                                          : content->second.entries;
}

std::string DescribeMany(const Pickle& pickle, absl::string_view what,
                         const std::vector<int>& items, size_t step) {
  const TensorReader reader(pickle);
  size_t tensors = 0;
  size_t arrays = 0;
  for (size_t i = step - 1; i < items.size(); i += step) {
    const auto tensor = reader.Read(items[i]);
    const PickleValue& value = pickle.at(items[i]);
    if (!tensor.ok() || tensor->has_value()) {
      ++tensors;
    } else if (value.kind == Kind::kCall &&
               absl::StartsWith(CalleeName(pickle, value), "numpy") &&
               absl::EndsWith(CalleeName(pickle, value), "_reconstruct")) {
      ++arrays;
    }
  }
  const size_t all = items.size() / step;
  if (all > 0 && tensors == all) return absl::StrCat(all, " tensors");
  if (all > 0 && arrays == all) return absl::StrCat(all, " NumPy arrays");
  std::string text = absl::StrCat(what, " of ", all);
  if (tensors > 0) absl::StrAppend(&text, ", ", tensors, " of them tensors");
  return text;
}

std::string Describe(const Pickle& pickle, int place) {
  const PickleValue& value = pickle.at(place);
  switch (value.kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kText:
      return "str";
    case Kind::kBytes:
      return "bytes";
    case Kind::kTuple:
      return DescribeMany(pickle, "tuple", value.items, 1);
    case Kind::kList:
      return DescribeMany(pickle, "list", value.items, 1);
    case Kind::kDict:
      return DescribeMany(pickle, "dict", value.items, 2);
    case Kind::kGlobal:
    case Kind::kPersistent:
    case Kind::kOther:
      return "object";
    case Kind::kCall:
      break;
  }
  const auto tensor = TensorReader(pickle).Read(place);
  if (!tensor.ok()) return "tensor";
  if (tensor->has_value()) {
    return absl::StrCat("tensor (", absl::StrJoin((*tensor)->shape, ", "),
                        "), ",
                        absl::Utf8SafeCHexEscape(
                            absl::string_view((*tensor)->dtype).substr(0, 40)));
  }
  const std::string name = CalleeName(pickle, value);
  if (absl::StartsWith(name, "numpy")) {
    return absl::EndsWith(name, "scalar") ? "NumPy scalar" : "NumPy array";
  }
  const std::vector<int> entries = EntriesOf(pickle, place);
  if (!entries.empty() || name == "collections.OrderedDict") {
    return DescribeMany(pickle, "dict", entries, 2);
  }
  return absl::StrCat("object of ", name);
}

}  // namespace

std::vector<FoundTensor> FindTensors(const Pickle& pickle,
                                     std::vector<NamedNumber>* numbers) {
  return Walker(pickle, numbers).Run();
}

std::string DescribeTop(const Pickle& pickle) {
  const std::vector<int> entries = EntriesOf(pickle, pickle.root);
  if (entries.empty()) return Describe(pickle, pickle.root);
  std::vector<std::string> parts;
  for (size_t i = 0; i + 1 < entries.size() && parts.size() < kMaxNamed;
       i += 2) {
    const PickleValue& key = pickle.at(entries[i]);
    const std::string name =
        key.kind == Kind::kText ? absl::Utf8SafeCHexEscape(
                                      absl::string_view(key.text).substr(0, 60))
                                : absl::StrCat(key.integer);
    parts.push_back(
        absl::StrCat(name, " (", Describe(pickle, entries[i + 1]), ")"));
  }
  const size_t more = entries.size() / 2 - parts.size();
  if (more > 0) parts.push_back(absl::StrCat(more, " more"));
  return absl::StrJoin(parts, ", ");
}

}  // namespace arctrm::internal
