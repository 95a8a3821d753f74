// SPDX-License-Identifier: MIT
#include "solver/device_list.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace arctrm {
namespace {

// -1 unless `digits` is a decimal index.
int IndexOf(absl::string_view digits) {
  constexpr size_t kMaxDigits = 4;
  int index = 0;
  const bool plain =
      !digits.empty() && digits.size() <= kMaxDigits &&
      digits.find_first_not_of("0123456789") == absl::string_view::npos;
  return plain && absl::SimpleAtoi(digits, &index) ? index : -1;
}

}  // namespace

int CudaIndex(const std::string& device) {
  absl::string_view rest = device;
  return absl::ConsumePrefix(&rest, "cuda:") ? IndexOf(rest) : -1;
}

std::string StandInLibrary() {
  const char* const path = std::getenv("ARCTRM_STANDIN");
  return path == nullptr ? "" : path;
}

absl::StatusOr<std::vector<std::string>> DeviceList(const std::string& devices,
                                                    int cuda_devices) {
  std::vector<std::string> list;
  if (devices == "auto") {
    for (int i = 0; i < cuda_devices; ++i) {
      list.push_back(absl::StrCat("cuda:", i));
    }
    if (list.empty()) list.push_back("cpu");
    return list;
  }
  const bool has_stand_in = !StandInLibrary().empty();
  std::string kind;
  for (absl::string_view word : absl::StrSplit(devices, ',')) {
    const int index =
        word == "cuda"   ? 0
        : kind == "cuda" ? std::max(IndexOf(word), CudaIndex(std::string(word)))
                         : CudaIndex(std::string(word));
    const bool cuda = index >= 0;
    if (!cuda && word != "cpu" && !(has_stand_in && word == kStandInName)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device '", devices,
          "': expected auto, cpu, cuda, cuda:1, cuda:0,1 or cpu,cpu"));
    }
    const std::string own_kind = cuda ? "cuda" : std::string(word);
    if (!kind.empty() && kind != own_kind) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device ", devices, ": a run can't use both the CPU and GPUs"));
    }
    kind = own_kind;
    std::string name = cuda ? absl::StrCat("cuda:", index) : kind;
    if (cuda && std::find(list.begin(), list.end(), name) != list.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--device ", devices, ": ", name, " is listed twice"));
    }
    list.push_back(std::move(name));
  }
  return list;
}

std::string UnusedGpuText(const std::string& why) {
  return absl::StrCat(
      "the model runs on the CPU although this machine has an NVIDIA driver: ",
      why);
}

absl::Status CheckDevicesExist(const std::vector<std::string>& list,
                               int cuda_devices, const std::string& problem) {
  for (const std::string& name : list) {
    if (CudaIndex(name) < cuda_devices) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "--device ", name, ": ", cuda_devices, " usable CUDA device",
        cuda_devices == 1 ? "" : "s", " here",
        problem.empty() ? "; `arctrm doctor` says why, "
                        : absl::StrCat(": ", problem, "; "),
        "--device cpu works everywhere"));
  }
  return absl::OkStatus();
}

}  // namespace arctrm
