// SPDX-License-Identifier: MIT
// Compiles cuda_kernels.cu for the GPU at hand, with NVRTC: the compiler
// library that every torch wheel with CUDA depends on. Needs no CUDA toolkit
// and no GPU.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/shared_library.h"
#include "solver/kernels/cuda_ops.h"

namespace arctrm::kernels::cuda {

// The text of cuda_device.h and cuda_kernels.cu, in the program.
extern const char kDeviceSource[];
extern const char kKernelSource[];

// Files that may be NVRTC, best first: ARCTRM_NVRTC alone if it is set; else
// those of the wheels beside the folder `torch` ("": none), the names that the
// dynamic linker knows, and the toolkit in /usr/local/cuda.
std::vector<std::string> NvrtcPlaces(const std::string& torch);

class CudaCompiler {
 public:
  // Loads the first of `places` that is a usable NVRTC. NotFound names them.
  static absl::StatusOr<CudaCompiler> Load(
      const std::vector<std::string>& places);

  // The file, and its version "13.0".
  const std::string& path() const { return path_; }
  std::string Version() const;

  // The kernels for `element` as machine code for compute capability
  // `capability` (75 is 7.5). For a newer GPU than NVRTC knows: PTX for the
  // newest that it knows, which the driver compiles further. Internal with the
  // compiler's messages.
  absl::StatusOr<std::string> Compile(Element element, int capability) const;

 private:
  struct Functions;
  CudaCompiler(std::string path, const Functions* functions, int major,
               int minor);
  // The newest capability that NVRTC knows; 0 if it cannot tell.
  int Newest() const;

  std::string path_;
  const Functions* functions_;  // lives as long as the process
  int major_;
  int minor_;
};

}  // namespace arctrm::kernels::cuda
