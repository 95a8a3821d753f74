// SPDX-License-Identifier: MIT
#include "kaggle/bundle.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "kaggle/notebook.h"
#include "nlohmann/json.hpp"
#include "solver/checkpoint_info.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kDataset[] = "dataset";
constexpr char kNotebook[] = "notebook";
constexpr char kMark[] = "arctrm-bundle.json";
constexpr char kManifest[] = "MANIFEST.sha256";
constexpr char kDatasetMetadata[] = "dataset-metadata.json";
constexpr char kKernelMetadata[] = "kernel-metadata.json";
constexpr char kBuildFile[] = "CMakeLists.txt";
constexpr char kLicence[] = "LICENSE";
constexpr char kPrebuilt[] = "torch-";

// The names used in the notebook and in cmake/Dependencies.cmake.
const char* const kLibraries[] = {"absl", "simdjson", "zstd",
                                  "zlib", "CLI11",    "nlohmann_json"};
const char* const kPrograms[] = {"arctrm", "arctrm-solver"};

// Limits of Kaggle. The name of the notebook is longer than that of the
// dataset.
constexpr char kNotebookSuffix[] = " run";
constexpr size_t kShortestSlug = 6;
constexpr size_t kLongestSlug = 50 - (sizeof(kNotebookSuffix) - 1);

// A file of the bundle: its source and its path in dataset/.
struct Copy {
  std::string from;
  std::string to;
};

bool IsSource(absl::string_view dir) {
  const absl::StatusOr<std::string> text = ReadFile(JoinPath(dir, kBuildFile));
  return text.ok() && absl::StrContains(*text, "project(arctrm ");
}

// Relative paths of all files below `dir`, sorted, without hidden files and
// Python caches.
absl::StatusOr<std::vector<std::string>> ListTree(const std::string& dir) {
  std::error_code error;
  fs::recursive_directory_iterator it(dir, error);
  if (error) return ErrnoStatus(error.value(), "can't list", dir);
  std::vector<std::string> names;
  while (it != fs::recursive_directory_iterator()) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name[0] == '.' || name == "__pycache__") {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(ignored)) {
      names.push_back(it->path().lexically_relative(dir).generic_string());
    }
    it.increment(error);
    if (error) return ErrnoStatus(error.value(), "can't list", dir);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status AddTree(const std::string& from, const std::string& to,
                     std::vector<Copy>& files) {
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListTree(from));
  for (const std::string& name : names) {
    files.push_back({JoinPath(from, name), JoinPath(to, name)});
  }
  return absl::OkStatus();
}

// Adds the files needed to build arctrm: the folders named in the root
// CMakeLists.txt, without tests and benchmarks, and the files that these read.
absl::Status AddSource(const std::string& source, std::vector<Copy>& files) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string build,
                          ReadFile(JoinPath(source, kBuildFile)));
  for (const char* file :
       {kBuildFile, "LICENSE", "README.md", "THIRD_PARTY.md"}) {
    const std::string path = JoinPath(source, file);
    if (!FileExists(path)) {
      return absl::NotFoundError(absl::StrCat(
          path, " is missing: --source must be the root of a clone"));
    }
    files.push_back({path, absl::StrCat("source/", file)});
  }
  std::vector<std::string> folders = {"cmake", "recipes"};
  for (absl::string_view line : absl::StrSplit(build, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "add_subdirectory(") ||
        !absl::ConsumeSuffix(&line, ")") || line == "tests" ||
        line == "bench") {
      continue;
    }
    folders.emplace_back(line);
  }
  for (const std::string& folder : folders) {
    ARCTRM_RETURN_IF_ERROR(AddTree(JoinPath(source, folder),
                                   absl::StrCat("source/", folder), files));
  }
  return absl::OkStatus();
}

absl::Status AddLibraries(const std::string& third_party,
                          std::vector<Copy>& files) {
  for (const char* name : kLibraries) {
    const std::string dir = JoinPath(third_party, name);
    const std::string licence = JoinPath(dir, kLicence);
    // The build file of zstd lies where zstd has its own.
    if ((!FileExists(JoinPath(dir, kBuildFile)) &&
         !FileExists(JoinPath(dir, "build/cmake/CMakeLists.txt"))) ||
        !FileExists(licence)) {
      return absl::NotFoundError(absl::StrCat(
          dir, ": expected the sources of ", name,
          " with CMakeLists.txt and LICENSE; kaggle/third_party.sh ",
          third_party, " puts them there"));
    }
    ARCTRM_RETURN_IF_ERROR(
        AddTree(dir, absl::StrCat("third_party/", name), files));
    files.push_back({licence, absl::StrCat("LICENSES/", name, ".txt")});
  }
  return absl::OkStatus();
}

bool IsVersion(absl::string_view text) {
  return !text.empty() && absl::ascii_isdigit(text[0]) &&
         text.find_first_not_of("0123456789.") == absl::string_view::npos;
}

// The versions in `binaries`, sorted.
absl::StatusOr<std::vector<std::string>> FindBinaries(
    const std::string& binaries) {
  std::error_code error;
  fs::directory_iterator it(binaries, error);
  if (error) return ErrnoStatus(error.value(), "can't list", binaries);
  std::vector<std::string> versions;
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    absl::string_view version = name;
    if (absl::ConsumePrefix(&version, kPrebuilt) && IsVersion(version)) {
      versions.emplace_back(version);
    }
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

absl::StatusOr<std::vector<std::string>> AddBinaries(
    const BundleOptions& options, std::vector<Copy>& files) {
  if (options.binaries.empty()) {
    if (options.torch.empty()) return options.torch;
    return absl::InvalidArgumentError(
        absl::StrCat("--torch ", absl::StrJoin(options.torch, " "),
                     ": --binaries must name a folder with programs built for "
                     "it; ./dev bundle --torch VERSION builds them"));
  }
  std::vector<std::string> versions = options.torch;
  if (versions.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(versions, FindBinaries(options.binaries));
    if (versions.empty()) {
      return absl::NotFoundError(
          absl::StrCat(options.binaries, " holds no folder torch-<version>"));
    }
  }
  for (const std::string& version : versions) {
    if (!IsVersion(version)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--torch ", version, ": expected a version such as 2.10.0"));
    }
    const std::string folder = absl::StrCat(kPrebuilt, version);
    for (const char* program : kPrograms) {
      const std::string path =
          JoinPath(JoinPath(options.binaries, folder), program);
      if (!FileExists(path)) {
        return absl::NotFoundError(absl::StrCat(
            path, " is missing; ./dev bundle --torch ", version, " builds it"));
      }
      files.push_back({path, absl::StrCat("prebuilt/", folder, "/", program)});
    }
  }
  return versions;
}

absl::Status CheckId(const BundleOptions& options, const std::string& slug) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (slug.size() < kShortestSlug || slug.size() > kLongestSlug ||
      slug.find_first_not_of(letters) != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the name of the dataset in Kaggle's addresses would be \"", slug,
        "\": expected ", kShortestSlug, " to ", kLongestSlug,
        " of a-z, 0-9 and -; give another --title or --slug"));
  }
  if (options.title.size() < kShortestSlug ||
      options.title.size() > kLongestSlug) {
    return absl::InvalidArgumentError(
        absl::StrCat("--title \"", options.title, "\": expected ",
                     kShortestSlug, " to ", kLongestSlug, " letters"));
  }
  for (const auto& [flag, value] : {std::pair("--owner", options.owner),
                                    {"--competition", options.competition}}) {
    if (value.empty() || value.find_first_of("/ ") != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " \"", value,
                       "\": expected a name as in Kaggle's addresses, without "
                       "blanks and slashes"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOut(const std::string& out) {
  if (!FileExists(out)) return absl::OkStatus();
  if (!FileExists(JoinPath(JoinPath(out, kDataset), kMark))) {
    return absl::FailedPreconditionError(
        absl::StrCat(out,
                     " exists and is not a bundle of arctrm; give another "
                     "--out or remove it"));
  }
  return absl::OkStatus();
}

absl::Status CopyFile(const std::string& from, const std::string& to) {
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(Dirname(to)));
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) {
    return ErrnoStatus(error.value(), absl::StrCat("can't copy ", from, " to"),
                       to);
  }
  return absl::OkStatus();
}

std::string DatasetMetadata(const BundleOptions& options,
                            const std::string& id) {
  Json json = Json::object();
  json["title"] = options.title;
  json["id"] = id;
  json["subtitle"] = "arctrm for notebooks without internet access";
  json["description"] =
      "Sources, programs and weights of arctrm, an offline toolkit for ARC "
      "Prize competitions. Licences: LICENSES/ (arctrm: MIT).";
  json["licenses"] = Json::array({{{"name", "other"}}});
  return json.dump(2) + "\n";
}

std::string Mark(const BundleOptions& options,
                 const std::vector<std::string>& torch) {
  Json json = Json::object();
  json["format"] = "arctrm-bundle";
  json["version"] = 1;
  json["arctrm"] = options.version;
  json["torch"] = torch;
  json["weights"] = !options.checkpoint.empty();
  json["recipe"] = options.recipe_name;
  json["competition"] = options.competition;
  json["accelerator"] = options.accelerator;
  return json.dump(2) + "\n";
}

// "prebuilt/torch-2.10.0" for "prebuilt/torch-2.10.0/arctrm", "source" for
// "source/arc/grid.h", "" for a file at the top.
std::string PartOf(const std::string& name) {
  const size_t first = name.find('/');
  if (first == std::string::npos) return "";
  if (!absl::StartsWith(name, "prebuilt/")) return name.substr(0, first);
  return name.substr(0, name.find('/', first + 1));
}

// Makes the manifest, in the format of sha256sum, of all files except the
// dataset's description, which Kaggle does not keep. Counts the parts.
absl::StatusOr<std::string> Manifest(const std::string& dataset,
                                     std::vector<BundlePart>& parts) {
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          ListTree(dataset));
  std::string text;
  std::map<std::string, BundlePart> counts;
  for (const std::string& name : names) {
    if (name == kDatasetMetadata || name == kManifest) continue;
    ARCTRM_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadFile(JoinPath(dataset, name)));
    absl::StrAppend(&text, Sha256Hex(bytes), "  ", name, "\n");
    BundlePart& part = counts[PartOf(name)];
    ++part.files;
    part.bytes += static_cast<int64_t>(bytes.size());
  }
  for (auto& [name, part] : counts) {
    part.name = name.empty() ? "(top)" : name;
    parts.push_back(std::move(part));
  }
  return text;
}

}  // namespace

std::string SlugOf(absl::string_view title) {
  std::string slug;
  for (const char letter : title) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(letter))) {
      slug.push_back(absl::ascii_tolower(static_cast<unsigned char>(letter)));
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  if (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

absl::StatusOr<std::string> FindSource(absl::string_view dir) {
  fs::path path(StdView(dir));
  for (;;) {
    if (IsSource(path.string())) return path.string();
    if (!path.has_parent_path() || path.parent_path() == path) break;
    path = path.parent_path();
  }
  return absl::NotFoundError(
      absl::StrCat("neither ", dir,
                   " nor any folder above it holds the sources of arctrm; give "
                   "the root of a clone with --source"));
}

absl::StatusOr<BundleSummary> WriteBundle(const BundleOptions& options) {
  const std::string slug =
      options.slug.empty() ? SlugOf(options.title) : options.slug;
  ARCTRM_RETURN_IF_ERROR(CheckId(options, slug));
  NotebookOptions notebook;
  ARCTRM_ASSIGN_OR_RETURN(notebook.accelerator,
                          FindAccelerator(options.accelerator));
  ARCTRM_RETURN_IF_ERROR(CheckOut(options.out));
  if (!IsSource(options.source)) {
    return absl::NotFoundError(
        absl::StrCat(options.source,
                     " does not hold the sources of arctrm; give the root of a "
                     "clone with --source"));
  }
  std::vector<Copy> files;
  ARCTRM_RETURN_IF_ERROR(AddSource(options.source, files));
  ARCTRM_RETURN_IF_ERROR(AddLibraries(options.third_party, files));
  for (const char* name : {"LICENSE", "THIRD_PARTY.md"}) {
    files.push_back(
        {JoinPath(options.source, name),
         absl::StrCat("LICENSES/", name == absl::string_view(kLicence)
                                       ? "arctrm.txt"
                                       : name)});
  }
  BundleSummary summary;
  ARCTRM_ASSIGN_OR_RETURN(summary.torch, AddBinaries(options, files));
  if (!options.checkpoint.empty()) {
    ARCTRM_RETURN_IF_ERROR(ReadCheckpointInfo(options.checkpoint).status());
  }

  summary.dataset = JoinPath(options.out, kDataset);
  summary.notebook = JoinPath(options.out, kNotebook);
  summary.dataset_id = absl::StrCat(options.owner, "/", slug);
  notebook.title = absl::StrCat(options.title, kNotebookSuffix);
  notebook.id = absl::StrCat(options.owner, "/", SlugOf(notebook.title));
  notebook.dataset = summary.dataset_id;
  notebook.competition = options.competition;
  summary.notebook_id = notebook.id;

  const std::string fresh = FreshName(options.out);
  const std::string dataset = JoinPath(fresh, kDataset);
  const std::string pushed = JoinPath(fresh, kNotebook);
  const auto write = [&]() -> absl::Status {
    ARCTRM_RETURN_IF_ERROR(RemoveAll(fresh));
    ARCTRM_RETURN_IF_ERROR(MakeDirectories(dataset));
    ARCTRM_RETURN_IF_ERROR(MakeDirectories(pushed));
    for (const Copy& file : files) {
      ARCTRM_RETURN_IF_ERROR(CopyFile(file.from, JoinPath(dataset, file.to)));
    }
    if (!options.checkpoint.empty()) {
      ExportOptions weights;
      weights.mean_row = !options.keep_rows;
      ARCTRM_RETURN_IF_ERROR(ExportCheckpoint(
          options.checkpoint, JoinPath(dataset, "weights"), weights));
    }
    if (!options.recipe_text.empty()) {
      ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(
          JoinPath(dataset, "recipe.conf"), options.recipe_text));
    }
    ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(dataset, kMark),
                                               Mark(options, summary.torch)));
    ARCTRM_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(dataset, kDatasetMetadata),
                            DatasetMetadata(options, summary.dataset_id)));
    ARCTRM_ASSIGN_OR_RETURN(const std::string manifest,
                            Manifest(dataset, summary.parts));
    ARCTRM_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(dataset, kManifest), manifest));
    ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(JoinPath(pushed, kNotebookFile),
                                               NotebookJson(notebook)));
    ARCTRM_RETURN_IF_ERROR(WriteFileAtomically(
        JoinPath(pushed, kKernelMetadata), KernelMetadataJson(notebook)));
    return ReplaceDirectory(fresh, options.out);
  };
  const absl::Status status = write();
  if (!status.ok()) {
    RemoveAll(fresh).IgnoreError();
    return status;
  }
  return summary;
}

}  // namespace arctrm
