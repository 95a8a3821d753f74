// SPDX-License-Identifier: MIT
#include "pipeline/device_list.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace arctrm {

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
  std::string kind;
  for (absl::string_view word : absl::StrSplit(devices, ',')) {
    std::string name(word);
    int index = 0;
    if (absl::SimpleAtoi(name, &index) && kind == "cuda") {
      name = absl::StrCat("cuda:", index);
    } else if (name == "cuda") {
      name = "cuda:0";
    }
    const bool cuda = name.rfind("cuda:", 0) == 0 &&
                      absl::SimpleAtoi(name.substr(5), &index) && index >= 0;
    if (!cuda && name != "cpu") {
      return absl::InvalidArgumentError(
          absl::StrCat("--device ", devices,
                       ": expected auto, cpu, cuda, cuda:1, cuda:0,1 "
                       "or cpu,cpu"));
    }
    if (!kind.empty() && (kind == "cuda") != cuda) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device ", devices, ": processor and GPUs can't share a job"));
    }
    kind = cuda ? "cuda" : "cpu";
    if (cuda && std::find(list.begin(), list.end(), name) != list.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--device ", devices, ": ", name, " stands there twice"));
    }
    list.push_back(std::move(name));
  }
  return list;
}

}  // namespace arctrm
