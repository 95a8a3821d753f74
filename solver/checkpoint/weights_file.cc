// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weights_file.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/read_text.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/pickled_tensors.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint/weight_sets.h"
#include "solver/checkpoint/zip.h"

namespace arctrm::internal {
namespace {

constexpr char kPickleFile[] = "data.pkl";
constexpr char kSaveInstead[] =
    "save the weights alone: torch.save(model.state_dict(), FILE)";
// More names are counted, not listed.
constexpr size_t kMostNamed = 12;

// The number that old files of torch.save begin with, pickled; the protocol
// stands before it.
constexpr char kOldMagic[] = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8";

std::string Some(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < names.size() && i < kMostNamed; ++i) {
    shown.push_back(
        absl::Utf8SafeCHexEscape(absl::string_view(names[i]).substr(0, 100)));
  }
  if (names.size() > shown.size()) {
    shown.push_back(absl::StrCat(names.size() - shown.size(), " more"));
  }
  return absl::StrJoin(shown, ", ");
}

bool IsWeight(absl::string_view dtype, size_t dimensions) {
  return dimensions > 0 && (IsFloatDtype(dtype) || dtype[0] == 'F' ||
                            absl::StrContains(dtype, "float"));
}

absl::Status CheckDtype(const std::string& name, const std::string& dtype) {
  if (IsFloatDtype(dtype)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " has numbers of the type ",
      absl::Utf8SafeCHexEscape(absl::string_view(dtype).substr(0, 40)),
      ", which is not read; convert it (tensor.float() in PyTorch) and save "
      "again"));
}

// What was found in a file, and how to read one of them.
struct Contents {
  std::string form;  // "a file of torch.save"
  NamedContents named;
  std::function<absl::StatusOr<RawTensor>(size_t, const std::string&)> read;
  std::function<std::string()> describe;  // for a refusal
  // Is all else in the file as it was written, too?
  std::function<absl::Status()> check_rest;
};

// Numbers of a counter that is a tensor: of one number, of any type.
std::optional<int64_t> CounterValue(const RawTensor& raw) {
  const size_t size = static_cast<size_t>(DtypeBytes(raw.dtype));
  const size_t at = static_cast<size_t>(raw.offset) * size;
  if (size == 0 || at + size > raw.bytes.size()) return std::nullopt;
  if (raw.dtype[0] == 'F' || raw.dtype[0] == 'B') {
    // Floating point, or BOOL: zero is zeros, whatever the type.
    const absl::string_view bytes = raw.bytes.substr(at, size);
    return bytes.find_first_not_of('\0') == bytes.npos ? 0 : 1;
  }
  int64_t value = 0;
  std::memcpy(&value, raw.bytes.data() + at, size);
  return value;
}

// Counters among the tensors say how often an average was updated.
absl::Status ReadCounters(Contents& contents) {
  constexpr size_t kMostRead = 100;
  size_t read = 0;
  for (size_t i = 0; i < contents.named.tensors.size(); ++i) {
    const NamedTensor& tensor = contents.named.tensors[i];
    const bool one = std::all_of(tensor.shape.begin(), tensor.shape.end(),
                                 [](int64_t size) { return size == 1; });
    if (!one || !IsCounterName(tensor.path) || ++read > kMostRead) continue;
    const absl::StatusOr<RawTensor> raw = contents.read(i, "");
    if (absl::IsDataLoss(raw.status())) return raw.status();
    if (!raw.ok()) continue;
    const std::optional<int64_t> value = CounterValue(*raw);
    if (value.has_value()) {
      contents.named.numbers.push_back({tensor.path, *value});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<WeightSets> FindSets(Contents& contents) {
  ARCTRM_RETURN_IF_ERROR(ReadCounters(contents));
  return FindWeightSets(contents.named);
}

// A tensor may have more numbers than its storage (tensor.expand): `sum` is
// how many all have. A small file must not fill the memory with them.
absl::Status CheckStretched(const std::string& name, const RawTensor& tensor,
                            double& sum) {
  constexpr double kMost = 1 << 28;
  double numbers = 1;
  for (const int64_t size : tensor.shape) {
    numbers *= static_cast<double>(size);
  }
  const double stored = static_cast<double>(tensor.bytes.size()) /
                        static_cast<double>(DtypeBytes(tensor.dtype));
  if (numbers > stored) sum += numbers;
  if (sum <= kMost) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name,
                   " repeats the few numbers that it has too often; save "
                   "a copy (tensor.contiguous())"));
}

// What goes with the weights that were taken, for people.
void Remark(const WeightSets& found, const WeightSet& set,
            FileWeights& weights) {
  std::map<std::string, std::vector<std::string>> from;
  for (const WeightSet::Addition& addition : set.additions) {
    const std::string name(absl::StripPrefix(addition.name, "inner."));
    if (addition.tied) {
      weights.remarks.push_back(
          absl::StrCat(name, " is ", absl::StripPrefix(addition.from, "inner."),
                       ", to which it is tied"));
    } else {
      from[addition.from].push_back(name);
    }
  }
  for (const auto& [other, names] : from) {
    weights.remarks.push_back(absl::StrCat(
        Some(names), names.size() == 1 ? " is" : " are", " taken from ", other,
        ": ", set.name, names.size() == 1 ? " lacks it" : " lacks them"));
  }
  for (const WeightSet& other : found.sets) {
    if (&other == &set || !other.partial || !other.averaged) continue;
    weights.remarks.push_back(
        absl::StrCat(ShownName(other), " lacks parameters that ",
                     other.additions[0].from, " has, so it is not taken"));
  }
  weights.remarks.insert(weights.remarks.end(), found.remarks.begin(),
                         found.remarks.end());
}

absl::StatusOr<FileWeights> Take(Contents& contents, absl::string_view wanted) {
  ARCTRM_ASSIGN_OR_RETURN(const WeightSets found, FindSets(contents));
  const std::vector<WeightSet>& sets = found.sets;
  const absl::StatusOr<size_t> chosen = ChooseWeights(sets, wanted);
  if (!chosen.ok() && sets.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        chosen.status().message(), ": no name ends with ",
        "embed_tokens.embedding_weight; at its top: ", contents.describe(),
        found.remarks.empty() ? "" : "; ", absl::StrJoin(found.remarks, "; "),
        "; ", kSaveInstead));
  }
  if (!chosen.ok())
    return absl::InvalidArgumentError(chosen.status().message());
  const WeightSet& set = sets[*chosen];
  FileWeights weights;
  weights.name = ShownName(set);
  weights.averaged = set.averaged;
  for (const WeightSet& other : sets) {
    if (&other != &set) weights.others.push_back(ShownName(other));
  }
  for (const size_t place : set.passed_over) {
    weights.passed_over.push_back(contents.named.tensors[place].path);
  }
  if (!set.unknown.empty()) {
    std::vector<std::string> names;
    for (const size_t place : set.unknown) {
      names.push_back(contents.named.tensors[place].path);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("holds ", Some(names),
                     ", which no TRM or HRM of the published form has"));
  }
  Remark(found, set, weights);
  double stretched = 0;
  const auto take = [&](const std::string& name, size_t place) -> absl::Status {
    ARCTRM_ASSIGN_OR_RETURN(RawTensor tensor, contents.read(place, name));
    ARCTRM_RETURN_IF_ERROR(CheckDtype(name, tensor.dtype));
    ARCTRM_RETURN_IF_ERROR(CheckStretched(name, tensor, stretched));
    weights.tensors[name] = std::move(tensor);
    return absl::OkStatus();
  };
  for (size_t i = 0; i < set.members.size(); ++i) {
    ARCTRM_RETURN_IF_ERROR(take(set.names[i], set.members[i]));
  }
  for (const WeightSet::Addition& addition : set.additions) {
    ARCTRM_RETURN_IF_ERROR(take(addition.name, addition.place));
  }
  ARCTRM_RETURN_IF_ERROR(contents.check_rest());
  return weights;
}

// A zip without a pickle at its top.
absl::Status RefuseZip(const ZipFile& zip) {
  std::vector<std::string> names;
  size_t arrays = 0;
  for (const ZipMember& member : zip.members()) {
    names.push_back(member.name);
    if (absl::EndsWith(member.name, ".npy")) ++arrays;
  }
  if (arrays > 0 && arrays == names.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a NumPy archive of ", arrays, " arrays (", Some(names),
        "), not a file of torch.save; in Python: torch.save({k: "
        "torch.from_numpy(v) for k, v in numpy.load(FILE).items()}, NEW)"));
  }
  const bool begun =
      std::any_of(names.begin(), names.end(), [](absl::string_view name) {
        return absl::EndsWith(name, "/version") ||
               absl::EndsWith(name, ".data/serialization_id");
      });
  if (begun) {
    return absl::DataLossError(absl::StrCat(
        "a file of torch.save that was not written whole: it has no ",
        kPickleFile, "; save again, or take another copy"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a zip archive without ", kPickleFile,
                   ", so not of torch.save; it holds ",
                   names.empty() ? "nothing" : Some(names),
                   ": unpack it (unzip FILE) and give the weights file in it"));
}

// The folder in the archive where the pickle stands, with a slash.
absl::StatusOr<std::string> TorchFolder(const ZipFile& zip) {
  const ZipMember* pickle = nullptr;
  for (const ZipMember& member : zip.members()) {
    const bool fits =
        member.name == kPickleFile ||
        absl::EndsWith(member.name, absl::StrCat("/", kPickleFile));
    if (fits &&
        (pickle == nullptr || member.name.size() < pickle->name.size())) {
      pickle = &member;
    }
  }
  if (pickle == nullptr) return RefuseZip(zip);
  const std::string folder(absl::StripSuffix(pickle->name, kPickleFile));
  if (zip.Find(folder + "constants.pkl") != nullptr) {
    return absl::InvalidArgumentError(
        "a TorchScript archive, a program with its weights; in Python: "
        "torch.save(torch.jit.load(FILE).state_dict(), NEW)");
  }
  return folder;
}

// Reads records of the archive, each once.
class Records {
 public:
  Records(ZipFile zip, std::string folder)
      : zip_(std::move(zip)),
        folder_(std::move(folder)),
        left_(std::max(MostUnpackedBytes(), kLeast)) {}

  absl::StatusOr<std::shared_ptr<const std::string>> Read(
      const std::string& record) {
    std::shared_ptr<const std::string>& kept = records_[record];
    if (kept != nullptr) return kept;
    const ZipMember* member = zip_.Find(folder_ + record);
    if (member == nullptr) {
      return absl::DataLossError(
          absl::StrCat("its record ", record, " is missing"));
    }
    // What is stored as it stands is no larger than the file.
    const int64_t most =
        member->method == 0 ? static_cast<int64_t>(member->size) : left_;
    ARCTRM_ASSIGN_OR_RETURN(std::string bytes, zip_.Read(*member, most));
    if (member->method != 0) left_ -= static_cast<int64_t>(bytes.size());
    kept = std::make_shared<const std::string>(std::move(bytes));
    return kept;
  }
  bool Has(const std::string& record) const {
    return zip_.Find(folder_ + record) != nullptr;
  }
  // What was not read, too: damage there is a sign of more.
  absl::Status CheckRest() const {
    for (const ZipMember& member : zip_.members()) {
      absl::string_view record = member.name;
      if (absl::ConsumePrefix(&record, folder_) &&
          records_.count(std::string(record)) > 0) {
        continue;
      }
      const absl::Status status = zip_.Check(member);
      if (absl::IsDataLoss(status)) return status;
    }
    return absl::OkStatus();
  }

 private:
  static constexpr int64_t kLeast = 1 << 20;

  ZipFile zip_;
  std::string folder_;
  int64_t left_;
  std::map<std::string, std::shared_ptr<const std::string>> records_;
};

absl::StatusOr<RawTensor> ReadFound(Records& records, const FoundTensor& found,
                                    const std::string& name) {
  ARCTRM_RETURN_IF_ERROR(found.status);
  const PickledTensor& described = found.tensor;
  if (!name.empty()) {
    ARCTRM_RETURN_IF_ERROR(CheckDtype(name, described.dtype));
  }
  const std::string record = absl::StrCat("data/", described.storage);
  ARCTRM_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> bytes,
                          records.Read(record));
  const int64_t wanted = described.storage_size * DtypeBytes(described.dtype);
  if (static_cast<int64_t>(bytes->size()) != wanted) {
    return absl::DataLossError(absl::StrCat(record, " holds ", bytes->size(),
                                            " bytes, its description says ",
                                            wanted));
  }
  RawTensor raw;
  raw.dtype = described.dtype;
  raw.shape = described.shape;
  raw.stride = described.stride;
  raw.offset = described.offset;
  raw.bytes = *bytes;
  raw.owner = bytes;
  return raw;
}

absl::StatusOr<Contents> FromZip(ByteSource source) {
  struct State {
    Records records;
    Pickle pickle;
    std::vector<FoundTensor> found;
  };
  ARCTRM_ASSIGN_OR_RETURN(ZipFile zip, ZipFile::Open(std::move(source)));
  ARCTRM_ASSIGN_OR_RETURN(std::string folder, TorchFolder(zip));
  const auto state = std::make_shared<State>(
      State{Records(std::move(zip), std::move(folder)), {}, {}});
  if (state->records.Has("byteorder")) {
    ARCTRM_ASSIGN_OR_RETURN(const auto order, state->records.Read("byteorder"));
    if (*order != "little") {
      return absl::InvalidArgumentError(
          "its numbers are big-endian; in Python on this machine: "
          "torch.save(torch.load(FILE, map_location=\"cpu\"), NEW)");
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(const auto bytes, state->records.Read(kPickleFile));
  ARCTRM_ASSIGN_OR_RETURN(state->pickle, ParsePickle(*bytes));
  Contents contents;
  contents.form = "a file of torch.save";
  state->found = FindTensors(state->pickle, &contents.named.numbers);
  for (const FoundTensor& found : state->found) {
    const PickledTensor& tensor = found.tensor;
    NamedTensor& named = contents.named.tensors.emplace_back();
    named.path = found.path;
    named.container = found.container;
    named.is_weight =
        !found.status.ok() || IsWeight(tensor.dtype, tensor.shape.size());
    named.shape = tensor.shape;
    if (found.status.ok()) {
      named.storage = absl::StrCat(tensor.storage, " ", tensor.offset, " ",
                                   absl::StrJoin(tensor.shape, ","), " ",
                                   absl::StrJoin(tensor.stride, ","));
    }
  }
  contents.read = [state](size_t place, const std::string& name) {
    absl::StatusOr<RawTensor> raw =
        ReadFound(state->records, state->found[place], name);
    if (raw.ok() || absl::StrContains(raw.status().message(), name)) return raw;
    return absl::StatusOr<RawTensor>(Annotate(raw.status(), name));
  };
  contents.describe = [state] { return DescribeTop(state->pickle); };
  contents.check_rest = [state] { return state->records.CheckRest(); };
  return contents;
}

absl::StatusOr<Contents> FromSafetensors(SafetensorsFile parsed) {
  const auto file = std::make_shared<const SafetensorsFile>(std::move(parsed));
  if (file->tensors().empty()) {
    return absl::InvalidArgumentError("a safetensors file without any tensors");
  }
  Contents contents;
  contents.form = "a safetensors file";
  contents.named.in_order = false;
  std::vector<const TensorEntry*> entries;
  std::vector<std::string> names;
  const auto add = [&](const std::string& name, const std::string& storage) {
    const TensorEntry* entry = file->Find(storage);
    NamedTensor& named = contents.named.tensors.emplace_back();
    named.path = name;
    named.is_weight = IsWeight(entry->dtype, entry->shape.size());
    named.shape = entry->shape;
    named.storage = storage;
    entries.push_back(entry);
  };
  for (const auto& [name, entry] : file->tensors()) {
    add(name, name);
    names.push_back(absl::StrCat(name, " (", absl::StrJoin(entry.shape, ", "),
                                 "), ", entry.dtype));
  }
  // safetensors.torch.save_model writes tied tensors once, and here which.
  for (const auto& [name, kept] : file->metadata()) {
    if (file->Find(name) == nullptr && file->Find(kept) != nullptr) {
      add(name, kept);
    }
  }
  contents.read = [file, entries](
                      size_t place,
                      const std::string&) -> absl::StatusOr<RawTensor> {
    const TensorEntry& entry = *entries[place];
    RawTensor raw;
    raw.dtype = entry.dtype;
    raw.shape = entry.shape;
    raw.stride.assign(entry.shape.size(), 1);
    for (size_t i = entry.shape.size(); i-- > 1;) {
      raw.stride[i - 1] = raw.stride[i] * std::max<int64_t>(1, entry.shape[i]);
    }
    raw.bytes = entry.bytes;
    raw.owner = file;
    return raw;
  };
  contents.describe = [names] { return Some(names); };
  contents.check_rest = [] { return absl::OkStatus(); };
  return contents;
}

absl::Status RefusePickle(absl::string_view start, const std::string& path) {
  if (absl::StrContains(start.substr(0, 32), kOldMagic)) {
    return absl::InvalidArgumentError(
        "the old form of torch.save (before PyTorch 1.6, or "
        "_use_new_zipfile_serialization=False); in Python: "
        "torch.save(torch.load(FILE, map_location=\"cpu\"), NEW)");
  }
  std::string top;
  const absl::StatusOr<std::string> bytes = ReadFile(path);
  if (bytes.ok()) {
    const absl::StatusOr<Pickle> pickle = ParsePickle(*bytes);
    if (pickle.ok()) {
      top = absl::StrCat("; at its top: ", DescribeTop(*pickle));
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a plain Python pickle, not a file of torch.save", top,
                   "; load it in Python and ", kSaveInstead));
}

// A file that no weights are read from.
absl::Status RefuseKind(FileKind kind, absl::string_view start,
                        const std::string& path) {
  switch (kind) {
    case FileKind::kPickle:
      return RefusePickle(start, path);
    case FileKind::kNumpy:
      return absl::InvalidArgumentError(
          absl::StrCat("a NumPy array, not weights by name; ", kSaveInstead));
    case FileKind::kGguf:
      return absl::InvalidArgumentError(absl::StrCat(
          "a GGUF file, as language models are converted to; give the file "
          "that training wrote, or ",
          kSaveInstead));
    case FileKind::kUnknown:
      break;
    default: {
      const std::string what = DescribeFileKind(kind, start);
      return absl::InvalidArgumentError(what);
    }
  }
  if (absl::StrContains(start, "\"weight_map\"")) {
    return absl::InvalidArgumentError(
        "the index of weights that stand in several files; load them in "
        "Python and save them as one: safetensors.torch.save_file(tensors, "
        "NEW)");
  }
  const bool zeros = start.find_first_not_of('\0') == start.npos;
  return absl::InvalidArgumentError(absl::StrCat(
      zeros ? "begins with zeros alone, so it was not written or downloaded "
              "whole"
            : absl::StrCat("no form of weights (it begins with \"",
                           absl::CHexEscape(start.substr(0, 12)), "\")"),
      "; expected a file of torch.save, or safetensors"));
}

absl::Status RefuseFolder(const std::string& path) {
  if (FileExists(JoinPath(path, kSettingsFile))) {
    return absl::InvalidArgumentError(
        "an arctrm checkpoint already, which needs no import; give it as "
        "--checkpoint");
  }
  if (FileExists(JoinPath(path, ".metadata"))) {
    return absl::InvalidArgumentError(
        "a folder of torch.distributed.checkpoint; in Python: "
        "torch.distributed.checkpoint.format_utils.dcp_to_torch_save(FOLDER, "
        "NEW)");
  }
  if (FileExists(JoinPath(path, kPickleFile))) {
    return absl::InvalidArgumentError(
        "an unpacked file of torch.save; give the file itself, or pack the "
        "folder again (zip -0 -r NEW FOLDER)");
  }
  std::vector<std::string> weights;
  const absl::StatusOr<std::vector<std::string>> names = ListFiles(path);
  if (names.ok()) {
    for (const std::string& name : *names) {
      if (IsWeightsFileName(name)) weights.push_back(name);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "a folder, expected a file of weights",
      weights.empty() ? "" : absl::StrCat("; it holds ", Some(weights))));
}

absl::StatusOr<std::string> Start(const ByteSource& source) {
  std::string start(
      static_cast<size_t>(std::min<uint64_t>(source.size, kFileKindBytes)),
      '\0');
  ARCTRM_RETURN_IF_ERROR(source.read(0, start.data(), start.size()));
  return start;
}

// Is it, or was it meant to be, safetensors? A broken header is told by what
// reads it.
bool MeansSafetensors(absl::string_view start, const std::string& path,
                      FileKind kind) {
  if (kind == FileKind::kSafetensors) return true;
  return kind == FileKind::kUnknown &&
         (absl::EndsWith(path, ".safetensors") ||
          (start.size() > 8 && start[8] == '{')) &&
         !absl::StrContains(start, "\"weight_map\"");
}

// What the file at `path` holds; messages without the path.
absl::StatusOr<Contents> Look(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(ByteSource source, OpenBytes(path));
  ARCTRM_ASSIGN_OR_RETURN(std::string start, Start(source));
  FileKind kind = FileKindOf(start);
  std::string unpacked;
  const bool packed = kind == FileKind::kGzip || kind == FileKind::kZstd;
  if (packed) {
    ARCTRM_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
    ARCTRM_ASSIGN_OR_RETURN(unpacked,
                            Unpack(std::move(bytes), MostUnpackedBytes()));
    start = unpacked.substr(0, kFileKindBytes);
    kind = FileKindOf(start);
  }
  if (kind == FileKind::kZip) {
    if (packed) source = BytesOf(std::move(unpacked));
    return FromZip(std::move(source));
  }
  if (!MeansSafetensors(start, path, kind)) {
    return RefuseKind(kind, start, path);
  }
  if (!packed) {
    ARCTRM_ASSIGN_OR_RETURN(unpacked, ReadFile(path));
  }
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile file,
                          SafetensorsFile::Parse(std::move(unpacked), path));
  return FromSafetensors(std::move(file));
}

// Begins with the path, once.
absl::Status WithPath(const absl::Status& status, const std::string& path) {
  if (absl::StrContains(status.message(), path)) return status;
  return Annotate(status, path);
}

absl::StatusOr<Contents> Open(const std::string& path) {
  if (IsDirectory(path)) return Annotate(RefuseFolder(path), path);
  if (IsSpecialFile(path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": a pipe or a device; weights are read from plain files"));
  }
  absl::StatusOr<Contents> contents = Look(path);
  if (contents.ok()) return contents;
  return WithPath(contents.status(), path);
}

bool StartsAsWeights(const std::string& path) {
  if (IsDirectory(path) || IsSpecialFile(path)) return false;
  const absl::StatusOr<ByteSource> source = OpenBytes(path);
  if (!source.ok()) return false;
  const absl::StatusOr<std::string> start = Start(*source);
  if (!start.ok()) return false;
  const FileKind kind = FileKindOf(*start);
  // torch.save writes the pickle first, and its name before it.
  return kind == FileKind::kSafetensors || kind == FileKind::kPickle ||
         (kind == FileKind::kZip && absl::StrContains(*start, kPickleFile));
}

}  // namespace

absl::StatusOr<FileWeights> ReadWeightsFile(const std::string& path,
                                            absl::string_view wanted) {
  ARCTRM_ASSIGN_OR_RETURN(Contents contents, Open(path));
  absl::StatusOr<FileWeights> weights = Take(contents, wanted);
  if (!weights.ok()) return Annotate(weights.status(), path);
  return weights;
}

bool IsWeightsFileName(absl::string_view name) {
  for (const char* end : {".pt", ".pth", ".bin", ".ckpt", ".safetensors"}) {
    if (absl::EndsWith(name, end)) return true;
  }
  return absl::StartsWith(name, "step_");
}

absl::StatusOr<std::string> DescribeWeightsFile(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(Contents contents, Open(path));
  const absl::StatusOr<WeightSets> found = FindSets(contents);
  if (!found.ok()) return Annotate(found.status(), path);
  ARCTRM_RETURN_IF_ERROR(Annotate(contents.check_rest(), path));
  const absl::StatusOr<size_t> chosen = ChooseWeights(found->sets, "");
  std::string text = absl::StrCat("file        ", Printable(path), ": ",
                                  contents.form, ", not imported yet\n");
  if (found->sets.empty()) {
    absl::StrAppend(&text, "weights     none of a TRM or HRM; at its top: ",
                    Printable(contents.describe()), "\n");
    return text;
  }
  for (size_t i = 0; i < found->sets.size(); ++i) {
    const WeightSet& set = found->sets[i];
    std::string shape;
    for (size_t k = 0; k < set.members.size(); ++k) {
      if (set.names[k] == "inner.embed_tokens.embedding_weight") {
        shape =
            absl::StrJoin(contents.named.tensors[set.members[k]].shape, " x ");
      }
    }
    absl::StrAppend(&text, "weights     ", ShownName(set), ": ",
                    Counted(static_cast<int64_t>(set.members.size()), "tensor"),
                    ", tokens ", shape, set.averaged ? ", averaged" : "",
                    set.stale ? ", meant to be averaged" : "",
                    set.optimizer ? ", what an optimiser keeps" : "",
                    chosen.ok() && *chosen == i ? "; taken by default" : "",
                    "\n");
  }
  for (const std::string& remark : found->remarks) {
    absl::StrAppend(&text, "note        ", Printable(remark), "\n");
  }
  absl::StrAppend(&text, "next        arctrm checkpoint import ",
                  Printable(path), " --out FOLDER",
                  !chosen.ok()             ? " --weights NAME"
                  : found->sets.size() > 1 ? " [--weights NAME]"
                                           : "",
                  "\n");
  return text;
}

}  // namespace arctrm::internal

namespace arctrm {

bool LooksLikeWeights(const std::string& path) {
  return internal::StartsAsWeights(path);
}

}  // namespace arctrm
