// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weights_file.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/file_kind.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/read_text.h"
#include "base/status.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint/weight_sets.h"
#include "solver/checkpoint/weights_contents.h"
#include "solver/checkpoint/zip.h"

namespace arctrm::internal {
namespace {

// The value of a counter tensor with one number of any type.
std::optional<int64_t> CounterValue(const RawTensor& raw) {
  const size_t size = static_cast<size_t>(DtypeBytes(raw.dtype));
  const size_t at = static_cast<size_t>(raw.offset) * size;
  if (size == 0 || at + size > raw.bytes.size()) return std::nullopt;
  if (raw.dtype[0] == 'F' || raw.dtype[0] == 'B') {
    // Floating point or BOOL: only zero matters, and its bytes are all 0.
    const absl::string_view bytes = raw.bytes.substr(at, size);
    return bytes.find_first_not_of('\0') == bytes.npos ? 0 : 1;
  }
  int64_t value = 0;
  std::memcpy(&value, raw.bytes.data() + at, size);
  return value;
}

// Reads tensors that count the updates of an average.
absl::Status ReadCounters(WeightsContents& contents) {
  constexpr size_t kMaxRead = 100;
  size_t read = 0;
  for (size_t i = 0; i < contents.named.tensors.size(); ++i) {
    const NamedTensor& tensor = contents.named.tensors[i];
    const bool one = std::all_of(tensor.shape.begin(), tensor.shape.end(),
                                 [](int64_t size) { return size == 1; });
    if (!one || !IsCounterName(tensor.path) || ++read > kMaxRead) continue;
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

absl::StatusOr<WeightSets> FindSets(WeightsContents& contents) {
  ARCTRM_RETURN_IF_ERROR(ReadCounters(contents));
  return FindWeightSets(contents.named);
}

// Limits the numbers of tensors that repeat their storage (tensor.expand), so
// that a small file cannot fill the memory. Adds them to `sum`.
absl::Status CheckStretched(const std::string& name, const RawTensor& tensor,
                            double& sum) {
  constexpr double kMaxRepeated = 1 << 28;
  double numbers = 1;
  for (const int64_t size : tensor.shape) {
    numbers *= static_cast<double>(size);
  }
  const double stored = static_cast<double>(tensor.bytes.size()) /
                        static_cast<double>(DtypeBytes(tensor.dtype));
  if (numbers > stored) sum += numbers;
  if (sum <= kMaxRepeated) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name,
                   " repeats the few numbers of its storage too often; save a "
                   "copy (tensor.contiguous())"));
}

// Adds remarks about the chosen weights.
void Remark(const WeightSets& found, const WeightSet& set,
            FileWeights& weights) {
  std::map<std::string, std::vector<std::string>> from;
  for (const WeightSet::Addition& addition : set.additions) {
    const std::string name(absl::StripPrefix(addition.name, "inner."));
    if (addition.tied) {
      weights.remarks.push_back(absl::StrCat(
          name, " is tied to ", absl::StripPrefix(addition.from, "inner.")));
    } else {
      from[addition.from].push_back(name);
    }
  }
  for (const auto& [other, names] : from) {
    weights.remarks.push_back(
        absl::StrCat(SomeNames(names), names.size() == 1 ? " is" : " are",
                     " taken from ", other, ": ", set.name,
                     names.size() == 1 ? " lacks it" : " lacks them"));
  }
  for (const WeightSet& other : found.sets) {
    if (&other == &set || !other.partial || !other.averaged) continue;
    weights.remarks.push_back(
        absl::StrCat(ShownName(other), " lacks parameters that ",
                     other.additions[0].from, " has, so it is not used"));
  }
  weights.remarks.insert(weights.remarks.end(), found.remarks.begin(),
                         found.remarks.end());
}

absl::StatusOr<FileWeights> Take(WeightsContents& contents,
                                 absl::string_view wanted) {
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
    return absl::InvalidArgumentError(absl::StrCat(
        "holds ", SomeNames(names), ", which no published TRM or HRM has"));
  }
  Remark(found, set, weights);
  double stretched = 0;
  const auto take = [&](const std::string& name, size_t place) -> absl::Status {
    ARCTRM_ASSIGN_OR_RETURN(RawTensor tensor, contents.read(place, name));
    ARCTRM_RETURN_IF_ERROR(CheckWeightDtype(name, tensor.dtype));
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

absl::StatusOr<std::string> Start(const ByteSource& source) {
  std::string start(
      static_cast<size_t>(std::min<uint64_t>(source.size, kFileKindBytes)),
      '\0');
  ARCTRM_RETURN_IF_ERROR(source.read(0, start.data(), start.size()));
  return start;
}

// Does the file claim to be safetensors? SafetensorsFile reports a damaged
// header.
bool ClaimsSafetensors(absl::string_view start, const std::string& path,
                       FileKind kind) {
  if (kind == FileKind::kSafetensors) return true;
  return kind == FileKind::kUnknown &&
         (absl::EndsWith(path, ".safetensors") ||
          (start.size() > 8 && start[8] == '{')) &&
         !absl::StrContains(start, "\"weight_map\"");
}

// The contents of the file at `path`; messages lack the path.
absl::StatusOr<WeightsContents> ReadContents(const std::string& path) {
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
    return ContentsOfZip(std::move(source));
  }
  if (!ClaimsSafetensors(start, path, kind)) {
    return RefuseKind(kind, start, path);
  }
  if (!packed) {
    ARCTRM_ASSIGN_OR_RETURN(unpacked, ReadFile(path));
  }
  ARCTRM_ASSIGN_OR_RETURN(SafetensorsFile file,
                          SafetensorsFile::Parse(std::move(unpacked), path));
  return ContentsOfSafetensors(std::move(file));
}

// Prefixes the message with the path unless it contains the path.
absl::Status WithPath(const absl::Status& status, const std::string& path) {
  if (absl::StrContains(status.message(), path)) return status;
  return Annotate(status, path);
}

absl::StatusOr<WeightsContents> Open(const std::string& path) {
  if (IsDirectory(path)) return Annotate(RefuseFolder(path), path);
  if (IsSpecialFile(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a pipe or a device; expected a regular file"));
  }
  absl::StatusOr<WeightsContents> contents = ReadContents(path);
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
  // torch.save writes the pickle first, so its name is near the start.
  return kind == FileKind::kSafetensors || kind == FileKind::kPickle ||
         (kind == FileKind::kZip && absl::StrContains(*start, kPickleFile));
}

}  // namespace

absl::StatusOr<FileWeights> ReadWeightsFile(const std::string& path,
                                            absl::string_view wanted) {
  ARCTRM_ASSIGN_OR_RETURN(WeightsContents contents, Open(path));
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
  ARCTRM_ASSIGN_OR_RETURN(WeightsContents contents, Open(path));
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
                    set.stale ? ", an average that was never updated" : "",
                    set.optimizer ? ", state of an optimiser" : "",
                    chosen.ok() && *chosen == i ? "; the default" : "", "\n");
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
