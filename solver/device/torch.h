// SPDX-License-Identifier: MIT
// The only LibTorch include of the project, and its precompiled header.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/generated/variable_factories.h>
#include <torch/csrc/autograd/grad_mode.h>

namespace arctrm::internal {
using at::Tensor;
}  // namespace arctrm::internal
