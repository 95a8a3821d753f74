// SPDX-License-Identifier: MIT
// Reference tensors for the solver's golden tests (tests/golden/README.md).
#pragma once

#include <string>

#include "solver/checkpoint/safetensors.h"
#include "solver/device/torch.h"
#include "solver/nn/model.h"

namespace arctrm::internal {

// Reads a compressed golden safetensors file; aborts on errors.
SafetensorsFile ReadGolden(const std::string& name);

// A tensor of the file; aborts if it is missing.
Tensor Golden(const SafetensorsFile& file, const std::string& name);

// The largest absolute difference; infinite if shapes differ.
double MaxError(const Tensor& a, const Tensor& b);

// Prints and checks the largest absolute difference.
void ExpectClose(const std::string& what, const Tensor& actual,
                 const Tensor& expected, double tolerance);

// The tiny configs of the golden files, by the beginning of their names
// (trm_attention, trm_mixer, hrm): 64 wide, 4 heads, canvas 5x5 (mixer 4x4).
ModelOptions TinyOptions(const std::string& golden);
// A model with the file's "init.*" weights, on `device`.
Model TinyModel(const SafetensorsFile& file, const ModelOptions& options,
                at::Device device, at::ScalarType dtype = at::kFloat);

}  // namespace arctrm::internal
