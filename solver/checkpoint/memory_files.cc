// SPDX-License-Identifier: MIT
#include "solver/checkpoint/memory_files.h"

#include <map>
#include <mutex>

#include "base/files.h"

namespace arctrm::internal {
namespace {

struct Kept {
  std::mutex mutex;  // guards folders
  std::map<std::string, std::map<std::string, std::string>> folders;
};

Kept& TheKept() {
  static Kept* const kept = new Kept;
  return *kept;
}

// "a/b/" and "a/b" name the same folder.
std::string Key(std::string dir) {
  while (dir.size() > 1 && dir.back() == '/') dir.pop_back();
  return dir;
}

}  // namespace

void KeepInMemory(const std::string& dir, NamedFiles files) {
  Kept& kept = TheKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  std::map<std::string, std::string>& folder = kept.folders[Key(dir)];
  folder.clear();
  for (auto& file : files) folder[file.first] = std::move(file.second);
}

void ForgetFile(const std::string& dir, const std::string& name) {
  Kept& kept = TheKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  const auto folder = kept.folders.find(Key(dir));
  if (folder != kept.folders.end()) folder->second.erase(name);
}

void ForgetFolder(const std::string& dir) {
  Kept& kept = TheKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  kept.folders.erase(Key(dir));
}

void ForgetAll() {
  Kept& kept = TheKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  kept.folders.clear();
}

bool IsInMemory(const std::string& dir) {
  Kept& kept = TheKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  return kept.folders.count(Key(dir)) > 0;
}

bool HasFile(const std::string& dir, const std::string& name) {
  Kept& kept = TheKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  const auto folder = kept.folders.find(Key(dir));
  return folder != kept.folders.end() ? folder->second.count(name) > 0
                                      : FileExists(JoinPath(dir, name));
}

absl::StatusOr<std::string> ReadKeptFile(const std::string& dir,
                                         const std::string& name) {
  Kept& kept = TheKept();
  {
    const std::lock_guard<std::mutex> lock(kept.mutex);
    const auto folder = kept.folders.find(Key(dir));
    if (folder != kept.folders.end()) {
      const auto file = folder->second.find(name);
      if (file != folder->second.end()) return file->second;
    }
  }
  return ReadFile(JoinPath(dir, name));
}

}  // namespace arctrm::internal
