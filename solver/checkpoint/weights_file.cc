// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weights_file.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/file_kind.h"
#include "base/files.h"
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

// The number that old files of torch.save begin with, pickled.
constexpr char kOldMagic[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8";

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
  std::vector<NamedTensor> tensors;
  std::function<absl::StatusOr<RawTensor>(size_t, const std::string&)> read;
  std::function<std::string()> describe;  // for a refusal
};

// An average of nothing is no average: it holds the weights that it began with.
absl::Status LookAtCounter(const Contents& contents, WeightSet& set) {
  if (set.num_averaged == std::string::npos) return absl::OkStatus();
  const absl::StatusOr<RawTensor> counter = contents.read(set.num_averaged, "");
  if (!counter.ok() || counter->dtype != "I64") return counter.status();
  int64_t count = 0;
  const size_t at = static_cast<size_t>(counter->offset) * sizeof(count);
  if (at + sizeof(count) > counter->bytes.size()) return absl::OkStatus();
  std::memcpy(&count, counter->bytes.data() + at, sizeof(count));
  set.averaged = count > 0;
  set.stale = count <= 0;
  return absl::OkStatus();
}

absl::StatusOr<FileWeights> Take(const Contents& contents,
                                 absl::string_view wanted) {
  std::vector<WeightSet> sets = FindWeightSets(contents.tensors);
  for (WeightSet& set : sets) {
    ARCTRM_RETURN_IF_ERROR(LookAtCounter(contents, set));
  }
  const absl::StatusOr<size_t> chosen = ChooseWeights(sets, wanted);
  if (!chosen.ok() && sets.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        chosen.status().message(), ": no name ends with ",
        "embed_tokens.embedding_weight; at its top: ", contents.describe(),
        "; ", kSaveInstead));
  }
  if (!chosen.ok())
    return absl::InvalidArgumentError(chosen.status().message());
  const WeightSet& set = sets[*chosen];
  FileWeights weights;
  weights.name = set.name;
  weights.averaged = set.averaged;
  for (const WeightSet& other : sets) {
    if (&other != &set) weights.others.push_back(other.name);
  }
  for (const size_t place : set.passed_over) {
    weights.passed_over.push_back(contents.tensors[place].path);
  }
  if (!set.unknown.empty()) {
    std::vector<std::string> names;
    for (const size_t place : set.unknown) {
      names.push_back(contents.tensors[place].path);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("holds ", Some(names),
                     ", which no TRM or HRM of the published form has"));
  }
  for (size_t i = 0; i < set.members.size(); ++i) {
    const std::string& name = set.names[i];
    ARCTRM_ASSIGN_OR_RETURN(RawTensor tensor,
                            contents.read(set.members[i], name));
    ARCTRM_RETURN_IF_ERROR(CheckDtype(name, tensor.dtype));
    if (!weights.tensors.emplace(name, std::move(tensor)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " stands twice in ", set.name));
    }
  }
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

absl::StatusOr<FileWeights> FromZip(ByteSource source,
                                    absl::string_view wanted) {
  ARCTRM_ASSIGN_OR_RETURN(ZipFile zip, ZipFile::Open(std::move(source)));
  ARCTRM_ASSIGN_OR_RETURN(std::string folder, TorchFolder(zip));
  Records records(std::move(zip), std::move(folder));
  if (records.Has("byteorder")) {
    ARCTRM_ASSIGN_OR_RETURN(const auto order, records.Read("byteorder"));
    if (*order != "little") {
      return absl::InvalidArgumentError(
          "its numbers are big-endian; save it on another machine");
    }
  }
  ARCTRM_ASSIGN_OR_RETURN(const auto bytes, records.Read(kPickleFile));
  ARCTRM_ASSIGN_OR_RETURN(const Pickle pickle, ParsePickle(*bytes));
  const std::vector<FoundTensor> found = FindTensors(pickle);
  Contents contents;
  for (const FoundTensor& tensor : found) {
    contents.tensors.push_back(
        {tensor.path, tensor.container,
         !tensor.status.ok() ||
             IsWeight(tensor.tensor.dtype, tensor.tensor.shape.size())});
  }
  contents.read = [&](size_t place, const std::string& name) {
    absl::StatusOr<RawTensor> raw = ReadFound(records, found[place], name);
    if (raw.ok() || absl::StrContains(raw.status().message(), name)) return raw;
    return absl::StatusOr<RawTensor>(Annotate(raw.status(), name));
  };
  contents.describe = [&] { return DescribeTop(pickle); };
  return Take(contents, wanted);
}

absl::StatusOr<FileWeights> FromSafetensors(SafetensorsFile parsed,
                                            absl::string_view wanted) {
  const auto file = std::make_shared<const SafetensorsFile>(std::move(parsed));
  if (file->tensors().empty()) {
    return absl::InvalidArgumentError("a safetensors file without any tensors");
  }
  Contents contents;
  std::vector<const TensorEntry*> entries;
  std::vector<std::string> names;
  for (const auto& [name, entry] : file->tensors()) {
    contents.tensors.push_back(
        {name, 0, IsWeight(entry.dtype, entry.shape.size())});
    entries.push_back(&entry);
    names.push_back(absl::StrCat(name, " (", absl::StrJoin(entry.shape, ", "),
                                 "), ", entry.dtype));
  }
  contents.read = [&](size_t place,
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
  contents.describe = [&] { return Some(names); };
  return Take(contents, wanted);
}

absl::Status RefusePickle(absl::string_view start, const std::string& path) {
  if (absl::StartsWith(start, kOldMagic)) {
    return absl::InvalidArgumentError(
        "the old form of torch.save (before PyTorch 1.6); in Python: "
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
      const bool fits =
          absl::StartsWith(name, "step_") || absl::EndsWith(name, ".pt") ||
          absl::EndsWith(name, ".pth") || absl::EndsWith(name, ".bin") ||
          absl::EndsWith(name, ".ckpt") || absl::EndsWith(name, ".safetensors");
      if (fits) weights.push_back(name);
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

}  // namespace

absl::StatusOr<FileWeights> ReadWeightsFile(const std::string& path,
                                            absl::string_view wanted) {
  if (IsDirectory(path)) return Annotate(RefuseFolder(path), path);
  if (IsSpecialFile(path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": a pipe or a device; weights are read from plain files"));
  }
  ARCTRM_ASSIGN_OR_RETURN(ByteSource source, OpenBytes(path));
  absl::StatusOr<std::string> start = Start(source);
  ARCTRM_RETURN_IF_ERROR(Annotate(start.status(), path));
  FileKind kind = FileKindOf(*start);
  std::string unpacked;
  const bool packed = kind == FileKind::kGzip || kind == FileKind::kZstd;
  if (packed) {
    ARCTRM_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
    absl::StatusOr<std::string> whole =
        Unpack(std::move(bytes), MostUnpackedBytes());
    ARCTRM_RETURN_IF_ERROR(Annotate(whole.status(), path));
    start = whole->substr(0, kFileKindBytes);
    kind = FileKindOf(*start);
    unpacked = *std::move(whole);
  }
  if (kind == FileKind::kZip) {
    if (packed) source = BytesOf(std::move(unpacked));
    absl::StatusOr<FileWeights> weights = FromZip(std::move(source), wanted);
    if (!weights.ok()) return Annotate(weights.status(), path);
    return weights;
  }
  if (!MeansSafetensors(*start, path, kind)) {
    return Annotate(RefuseKind(kind, *start, path), path);
  }
  if (!packed) {
    ARCTRM_ASSIGN_OR_RETURN(unpacked, ReadFile(path));
  }
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile file,
                          SafetensorsFile::Parse(std::move(unpacked), path));
  absl::StatusOr<FileWeights> weights =
      FromSafetensors(std::move(file), wanted);
  if (!weights.ok()) return Annotate(weights.status(), path);
  return weights;
}

}  // namespace arctrm::internal
