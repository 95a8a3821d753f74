// SPDX-License-Identifier: MIT
// Compares fused kernels with the plain operations on the device that will use
// them, so that a kernel that is wrong or slow there is not used.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "solver/device/torch.h"
#include "solver/nn/ops.h"

namespace arctrm::internal {

// A computation that uses one kernel if it is switched on.
struct ProofCase {
  Kernel kernel;
  // Returns results and gradients; equal ones at every call, up to rounding.
  std::function<std::vector<Tensor>()> compute;
};

struct KernelProof {
  Kernel kernel;
  double plain_s = 0;  // of one computation
  double fused_s = 0;
  std::string problem;  // why the kernel is left out; "" if it is used
};

// Runs the case with and without its kernel. Results may differ by a few
// roundings of `dtype`; a slower kernel is a problem if `timed`.
KernelProof ProveKernel(const ProofCase& proof_case, at::ScalarType dtype,
                        bool timed);

// The cases of the network's and the loss's kernels on `device`: `rows` rows of
// `hidden` elements, whose heads have 32 or 64.
std::vector<ProofCase> NetworkProofCases(at::Device device,
                                         at::ScalarType dtype, int64_t rows,
                                         int64_t hidden);

// Decides by train.kernels ("auto", "plain", "fused") which kernels this
// process uses on `device` with `dtype`, and returns a text for people: "5
// fused kernels" or "4 of 5 fused kernels (plain: loss, because ...)". Later
// calls for the same arguments repeat the decision without a new proof. `more`:
// cases beside NetworkProofCases. FailedPrecondition if "fused" is impossible.
absl::StatusOr<std::string> ChooseKernels(at::Device device,
                                          at::ScalarType dtype,
                                          const std::string& mode,
                                          const std::vector<ProofCase>& more);

}  // namespace arctrm::internal
