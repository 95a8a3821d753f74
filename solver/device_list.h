// SPDX-License-Identifier: MIT
// The devices of a job as people name them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace arctrm {

// "cuda:0,1" -> {"cuda:0", "cuda:1"}; "cpu,cpu" -> {"cpu", "cpu"}; "cuda" ->
// {"cuda:0"}. "auto": all of `cuda_devices`, or the processor where there are
// none. InvalidArgument for what names no device; whether there are those that
// it names is not looked at.
absl::StatusOr<std::vector<std::string>> DeviceList(const std::string& devices,
                                                    int cuda_devices);

// InvalidArgument for the first of `list` that is none of `cuda_devices`.
absl::Status CheckDevicesExist(const std::vector<std::string>& list,
                               int cuda_devices);

// N of "cuda:N", -1 for any other name.
int CudaIndex(const std::string& device);

}  // namespace arctrm
