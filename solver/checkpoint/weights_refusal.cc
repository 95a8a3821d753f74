// SPDX-License-Identifier: MIT
// The error messages for files and folders without readable weights.

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/pickle.h"
#include "solver/checkpoint/pickled_tensors.h"
#include "solver/checkpoint/weights_contents.h"
#include "solver/checkpoint/weights_file.h"

namespace arctrm::internal {
namespace {

// The pickled magic number of old files of torch.save; the protocol precedes
// it.
constexpr char kOldMagic[] = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8";

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

}  // namespace

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
          "a GGUF file, a format of language models; use the file that the "
          "training wrote, or ",
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
        "the index of weights in several files; load them in Python and save "
        "them as one: safetensors.torch.save_file(tensors, NEW)");
  }
  const bool zeros = start.find_first_not_of('\0') == start.npos;
  return absl::InvalidArgumentError(absl::StrCat(
      zeros ? "begins with zeros only, so writing or downloading it was not "
              "finished"
            : absl::StrCat("not a weights file (it begins with \"",
                           absl::CHexEscape(start.substr(0, 12)), "\")"),
      "; expected a file of torch.save, or safetensors"));
}

absl::Status RefuseFolder(const std::string& path) {
  if (FileExists(JoinPath(path, kSettingsFile))) {
    return absl::InvalidArgumentError(
        "already an arctrm checkpoint, which needs no import; use it as "
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
        "an unpacked file of torch.save; use the file itself, or pack the "
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
      "a folder, expected a weights file",
      weights.empty() ? ""
                      : absl::StrCat("; it contains ", SomeNames(weights))));
}

}  // namespace arctrm::internal
