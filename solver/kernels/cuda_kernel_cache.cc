// SPDX-License-Identifier: MIT
#include "solver/kernels/cuda_kernel_cache.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/status.h"
#include "solver/kernels/cuda_compiler.h"

namespace arctrm::kernels::cuda {
namespace {

constexpr char kSuffix[] = ".bin";

// The beginning of the names of files for this program's kernels.
std::string NamePrefix(Element element, int capability) {
  static const std::string source =
      Sha256Hex(absl::StrCat(kDeviceSource, kKernelSource)).substr(0, 12);
  return absl::StrCat(source, "-", ElementName(element), "-sm", capability,
                      "-cuda");
}

// A file holds the checksum of its code, a line feed, and the code.
std::optional<std::string> ReadCode(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok() || bytes->size() <= kSha256Digits + 1) return std::nullopt;
  std::string code = bytes->substr(kSha256Digits + 1);
  if (Sha256Hex(code) != bytes->substr(0, kSha256Digits)) return std::nullopt;
  return code;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string OwnFolder() {
  if (std::string folder = Variable("ARCTRM_CACHE_DIR"); !folder.empty()) {
    return JoinPath(folder, "kernels");
  }
  if (std::string folder = Variable("XDG_CACHE_HOME"); !folder.empty()) {
    return JoinPath(folder, "arctrm/kernels");
  }
  if (std::string folder = Variable("HOME"); !folder.empty()) {
    return JoinPath(folder, ".cache/arctrm/kernels");
  }
  return "";
}

std::string ShippedFolder() {
  std::array<char, PATH_MAX> self = {};
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size());
  if (size <= 0 || size == static_cast<ssize_t>(self.size())) return "";
  return JoinPath(
      Dirname(absl::string_view(self.data(), static_cast<size_t>(size))),
      "kernels");
}

}  // namespace

KernelCache::KernelCache(std::string own, std::string shipped)
    : own_(std::move(own)), shipped_(std::move(shipped)) {}

KernelCache KernelCache::Default() {
  return KernelCache(OwnFolder(), ShippedFolder());
}

std::optional<std::string> KernelCache::Find(Element element, int capability,
                                             absl::string_view version) const {
  const std::string prefix = NamePrefix(element, capability);
  for (const std::string& folder : {own_, shipped_}) {
    if (folder.empty()) continue;
    if (!version.empty()) {
      auto code =
          ReadCode(JoinPath(folder, absl::StrCat(prefix, version, kSuffix)));
      if (code.has_value()) return code;
      continue;
    }
    const auto names = ListFiles(folder);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (!absl::StartsWith(name, prefix)) continue;
      auto code = ReadCode(JoinPath(folder, name));
      if (code.has_value()) return code;
    }
  }
  return std::nullopt;
}

absl::Status KernelCache::Keep(Element element, int capability,
                               absl::string_view version,
                               absl::string_view code) const {
  if (own_.empty()) {
    return absl::NotFoundError(
        "no folder for compiled kernels: set ARCTRM_CACHE_DIR, XDG_CACHE_HOME "
        "or HOME");
  }
  ARCTRM_RETURN_IF_ERROR(MakeDirectories(own_));
  return WriteFileAtomically(
      JoinPath(own_,
               absl::StrCat(NamePrefix(element, capability), version, kSuffix)),
      absl::StrCat(Sha256Hex(code), "\n", code));
}

absl::StatusOr<KernelCode> GetKernelCode(const KernelCache& cache,
                                         const std::string& torch,
                                         Element element, int capability) {
  const auto compiler = CudaCompiler::Load(NvrtcPlaces(torch));
  const std::string version = compiler.ok() ? compiler->Version() : "";
  if (auto cached = cache.Find(element, capability, version)) {
    return KernelCode{*std::move(cached), "from the cache"};
  }
  ARCTRM_RETURN_IF_ERROR(compiler.status());
  const absl::Time start = absl::Now();
  ARCTRM_ASSIGN_OR_RETURN(std::string code,
                          compiler->Compile(element, capability));
  std::string origin =
      absl::StrFormat("compiled by NVRTC %s in %.1f s", version,
                      absl::ToDoubleSeconds(absl::Now() - start));
  const absl::Status kept = cache.Keep(element, capability, version, code);
  if (!kept.ok()) absl::StrAppend(&origin, ", not cached: ", kept.message());
  return KernelCode{std::move(code), std::move(origin)};
}

}  // namespace arctrm::kernels::cuda
