// SPDX-License-Identifier: MIT
#include "arc/internal/task_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arc/internal/json_document.h"
#include "arc/read.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFolders = 100000;

// Reads enough of a file to recognise it; "" if it cannot be read.
std::string BeginningOf(const std::string& path) {
  constexpr std::streamsize kBytes = 4096;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return "";
  std::string text(kBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), kBytes);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

class Walk {
 public:
  explicit Walk(absl::string_view dir) : dir_(dir) {}

  absl::StatusOr<TaskFolder> Run() {
    MarkEntered("");
    // Breadth first, so that a folder is visited before a link that leads up to
    // it.
    std::vector<std::string> level = {""};
    while (!level.empty()) {
      std::vector<std::string> next;
      for (const std::string& folder : level) {
        absl::Status status = List(folder, next);
        if (!status.ok() && folder.empty()) return status;
        if (!status.ok()) {
          found_.faults.push_back(
              absl::StrCat(folder, ": can't be listed: ", Reason(status)));
        }
        if (entered_.size() > kMostFolders) {
          return absl::InvalidArgumentError(absl::StrCat(
              dir_, ": more than ", kMostFolders,
              " folders below it; give the folder that holds the tasks"));
        }
      }
      level = std::move(next);
    }
    for (auto* list : {&found_.files, &found_.passed_over, &found_.faults}) {
      std::sort(list->begin(), list->end());
    }
    return std::move(found_);
  }

 private:
  std::string Full(const std::string& name) const {
    return name.empty() ? dir_ : JoinPath(dir_, name);
  }

  // The part of an ErrnoStatus message after the path.
  static std::string Reason(const absl::Status& status) {
    const std::string text(status.message());
    const size_t at = text.rfind(": ");
    return at == std::string::npos ? text : text.substr(at + 2);
  }

  bool MarkEntered(const std::string& folder) {
    struct stat info = {};
    if (stat(Full(folder).c_str(), &info) != 0) return true;
    return entered_.emplace(info.st_dev, info.st_ino).second;
  }

  // Adds the subfolders of `folder` to `next`.
  absl::Status List(const std::string& folder, std::vector<std::string>& next) {
    std::error_code error;
    fs::directory_iterator it(Full(folder), error);
    if (error) return ErrnoStatus(error.value(), "can't list", Full(folder));
    std::vector<std::string> names;
    while (it != fs::directory_iterator()) {
      names.push_back(it->path().filename().string());
      it.increment(error);
      if (error) return ErrnoStatus(error.value(), "can't list", Full(folder));
    }
    // Sorted, so that the choice between two paths to one folder does not
    // depend on the disk.
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (name[0] == '.') {
        ++found_.hidden;
      } else {
        Sort(folder.empty() ? name : JoinPath(folder, name), name, next);
      }
    }
    return absl::OkStatus();
  }

  void Sort(const std::string& path, const std::string& name,
            std::vector<std::string>& next) {
    std::error_code error;
    const fs::file_status status = fs::status(Full(path), error);
    if (fs::is_directory(status)) {
      if (IsResult(Full(path))) {
        found_.passed_over.push_back(
            absl::StrCat(path, " (a folder that arctrm made)"));
      } else if (MarkEntered(path)) {
        next.push_back(path);
      } else {
        found_.passed_over.push_back(
            absl::StrCat(path, " (a folder that is read under another path)"));
      }
      return;
    }
    if (!IsTaskFileName(name)) {
      found_.passed_over.push_back(path);
    } else if (fs::is_regular_file(status)) {
      found_.files.push_back(path);
    } else if (status.type() == fs::file_type::not_found) {
      found_.faults.push_back(absl::StrCat(path, ": a link to a missing file"));
    } else {
      found_.faults.push_back(absl::StrCat(
          path, ": ", error ? error.message() : "not a regular file"));
    }
  }

  const std::string dir_;
  std::set<std::pair<dev_t, ino_t>> entered_;
  TaskFolder found_;
};

}  // namespace

bool IsResult(const std::string& path) {
  if (!IsDirectory(path)) {
    return absl::StrContains(BeginningOf(path), "\"attempt_1\"") &&
           LookAtArcFile(path) == ArcFileForm::kSubmission;
  }
  for (const char* mark : {"run.json", "dataset.json", "checkpoint.json"}) {
    const std::string text = BeginningOf(JoinPath(path, mark));
    if (absl::StrContains(text, "\"arctrm-")) return true;
  }
  return false;
}

absl::StatusOr<TaskFolder> FindTaskFiles(absl::string_view dir) {
  return Walk(dir).Run();
}

}  // namespace arctrm
