// SPDX-License-Identifier: MIT
#include "solver/checkpoint/weights_contents.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/read_text.h"
#include "base/status.h"
#include "solver/checkpoint/pickled_tensors.h"

namespace arctrm::internal {
namespace {

// SomeNames() counts names beyond this many.
constexpr size_t kMaxListed = 12;

bool IsWeight(absl::string_view dtype, size_t dimensions) {
  return dimensions > 0 && (IsFloatDtype(dtype) || dtype[0] == 'F' ||
                            absl::StrContains(dtype, "float"));
}

// The error for a zip without a pickle at its top level.
absl::Status RefuseZip(const ZipFile& zip) {
  std::vector<std::string> names;
  size_t arrays = 0;
  for (const ZipMember& member : zip.members()) {
    names.push_back(member.name);
    if (absl::EndsWith(member.name, ".npy")) ++arrays;
  }
  if (arrays > 0 && arrays == names.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a NumPy archive of ", arrays, " arrays (", SomeNames(names),
        "), not a file of torch.save; in Python: torch.save({k: "
        "torch.from_numpy(v) for k, v in numpy.load(FILE).items()}, NEW)"));
  }
  const bool begun =
      std::any_of(names.begin(), names.end(), [](absl::string_view name) {
        return absl::EndsWith(name, "/version") ||
               absl::EndsWith(name, ".data/serialization_id");
      });
  if (begun) {
    return absl::DataLossError(
        absl::StrCat("an incomplete file of torch.save: it lacks ", kPickleFile,
                     "; save it again, or use another copy"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a zip archive without ", kPickleFile,
                   ", so not from torch.save; it contains ",
                   names.empty() ? "nothing" : SomeNames(names),
                   "; unpack it (unzip FILE) and use the weights file in it"));
}

// The folder of the pickle in the archive, with a slash.
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

// Reads records of the archive, each at most once.
class Records {
 public:
  Records(ZipFile zip, std::string folder)
      : zip_(std::move(zip)),
        folder_(std::move(folder)),
        left_(std::max(MostUnpackedBytes(), kMinUnpackedBytes)) {}

  absl::StatusOr<std::shared_ptr<const std::string>> Read(
      const std::string& record) {
    std::shared_ptr<const std::string>& kept = records_[record];
    if (kept != nullptr) return kept;
    const ZipMember* member = zip_.Find(folder_ + record);
    if (member == nullptr) {
      return absl::DataLossError(
          absl::StrCat("its record ", record, " is missing"));
    }
    // Stored members are not larger than the file.
    const int64_t max_bytes =
        member->method == 0 ? static_cast<int64_t>(member->size) : left_;
    ARCTRM_ASSIGN_OR_RETURN(std::string bytes, zip_.Read(*member, max_bytes));
    if (member->method != 0) left_ -= static_cast<int64_t>(bytes.size());
    kept = std::make_shared<const std::string>(std::move(bytes));
    return kept;
  }
  bool Has(const std::string& record) const {
    return zip_.Find(folder_ + record) != nullptr;
  }
  // Checks the records that were not read: damage there makes all suspect.
  absl::Status CheckRest() const {
    for (const ZipMember& member : zip_.members()) {
      absl::string_view record = member.name;
      if (absl::ConsumePrefix(&record, folder_) &&
          records_.count(std::string(record)) > 0) {
        continue;
      }
      absl::Status status = zip_.Check(member);
      if (absl::IsDataLoss(status)) return status;
    }
    return absl::OkStatus();
  }

 private:
  static constexpr int64_t kMinUnpackedBytes = 1 << 20;

  ZipFile zip_;
  std::string folder_;
  int64_t left_;  // bytes that may still be unpacked
  std::map<std::string, std::shared_ptr<const std::string>> records_;
};

absl::StatusOr<RawTensor> ReadFound(Records& records, const FoundTensor& found,
                                    const std::string& name) {
  ARCTRM_RETURN_IF_ERROR(found.status);
  const PickledTensor& described = found.tensor;
  if (!name.empty()) {
    ARCTRM_RETURN_IF_ERROR(CheckWeightDtype(name, described.dtype));
  }
  const std::string record = absl::StrCat("data/", described.storage);
  ARCTRM_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> bytes,
                          records.Read(record));
  const int64_t wanted = described.storage_size * DtypeBytes(described.dtype);
  if (static_cast<int64_t>(bytes->size()) != wanted) {
    return absl::DataLossError(absl::StrCat(record, " holds ", bytes->size(),
                                            " bytes, but its description says ",
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

}  // namespace

std::string SomeNames(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < names.size() && i < kMaxListed; ++i) {
    shown.push_back(
        absl::Utf8SafeCHexEscape(absl::string_view(names[i]).substr(0, 100)));
  }
  if (names.size() > shown.size()) {
    shown.push_back(absl::StrCat(names.size() - shown.size(), " more"));
  }
  return absl::StrJoin(shown, ", ");
}

absl::Status CheckWeightDtype(const std::string& name,
                              const std::string& dtype) {
  if (IsFloatDtype(dtype)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " has numbers of the type ",
      absl::Utf8SafeCHexEscape(absl::string_view(dtype).substr(0, 40)),
      ", which is not read; convert it (tensor.float() in PyTorch) and save "
      "again"));
}

absl::StatusOr<WeightsContents> ContentsOfZip(ByteSource source) {
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
  WeightsContents contents;
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

absl::StatusOr<WeightsContents> ContentsOfSafetensors(SafetensorsFile parsed) {
  const auto file = std::make_shared<const SafetensorsFile>(std::move(parsed));
  if (file->tensors().empty()) {
    return absl::InvalidArgumentError("a safetensors file without any tensors");
  }
  WeightsContents contents;
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
  // safetensors.torch.save_model writes tied tensors once and lists them in the
  // metadata.
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
  contents.describe = [names] { return SomeNames(names); };
  contents.check_rest = [] { return absl::OkStatus(); };
  return contents;
}

}  // namespace arctrm::internal
