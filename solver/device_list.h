// SPDX-License-Identifier: MIT
// Parses the devices of a run from the command line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace arctrm {

// "cuda:0,1" -> {"cuda:0", "cuda:1"}; "cpu,cpu" -> {"cpu", "cpu"}; "cuda" ->
// {"cuda:0"}. "auto": all `cuda_devices`, or the CPU if there are none. Accepts
// kStandInName as "cpu" if StandInLibrary() names a library. InvalidArgument
// for malformed text. Does not check that the devices exist.
absl::StatusOr<std::vector<std::string>> DeviceList(const std::string& devices,
                                                    int cuda_devices);

// InvalidArgument for the first CUDA device of `list` with an index of
// `cuda_devices` or more. `problem`: why there are no devices, if known.
absl::Status CheckDevicesExist(const std::vector<std::string>& list,
                               int cuda_devices,
                               const std::string& problem = "");

// The warning of a run with device "auto" that uses the CPU for the reason
// `why`.
std::string UnusedGpuText(const std::string& why);

// N of "cuda:N", -1 for any other name.
int CudaIndex(const std::string& device);

// The device of tests (solver/device/standin.h), and the path of its library:
// the environment variable ARCTRM_STANDIN, "" if it is not set.
inline constexpr char kStandInName[] = "standin";
std::string StandInLibrary();

}  // namespace arctrm
