// SPDX-License-Identifier: MIT
// Keeps compiled kernels in files, so that only the first run on a kind of GPU
// compiles them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "solver/kernels/cuda_ops.h"

namespace arctrm::kernels::cuda {

class KernelCache {
 public:
  // Reads files of `own` and `shipped`, and writes to `own`; "" is no folder.
  KernelCache(std::string own, std::string shipped);
  // `own`: the folder kernels in ARCTRM_CACHE_DIR, else $XDG_CACHE_HOME/arctrm,
  // else $HOME/.cache/arctrm. `shipped`: the folder kernels beside the program.
  static KernelCache Default();

  const std::string& own() const { return own_; }

  // The code of this program's kernels for `capability` (75 is 7.5) that NVRTC
  // `version` ("13.0"; "": any) compiled; nullopt if there is none, or if the
  // file is damaged.
  std::optional<std::string> Find(Element element, int capability,
                                  absl::string_view version) const;
  // Writes a file of own(), which is created if necessary.
  absl::Status Keep(Element element, int capability, absl::string_view version,
                    absl::string_view code) const;

 private:
  std::string own_;
  std::string shipped_;
};

struct KernelCode {
  std::string code;
  std::string origin;  // for people: "compiled by NVRTC 13.0 in 0.8 s"
};

// Finds the kernels in `cache`, or compiles and keeps them. `torch`: the torch/
// folder, whose neighbours hold NVRTC. Without NVRTC takes cached code of any
// version. NotFound if there is neither, Internal if they do not compile.
absl::StatusOr<KernelCode> GetKernelCode(const KernelCache& cache,
                                         const std::string& torch,
                                         Element element, int capability);

}  // namespace arctrm::kernels::cuda
