// SPDX-License-Identifier: MIT
// The devices of a job as people name them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace arctrm {

// "cuda:0,1" -> {"cuda:0", "cuda:1"}; "cpu,cpu" -> {"cpu", "cpu"}. "auto": all
// of `cuda_devices`, or the processor where there are none. InvalidArgument.
absl::StatusOr<std::vector<std::string>> DeviceList(const std::string& devices,
                                                    int cuda_devices);

}  // namespace arctrm
