// SPDX-License-Identifier: MIT
// The operations of the stand-in, for LibTorch's dispatcher: allocation, views
// and copies, and one function that lets the CPU compute all others.
#include <ATen/EmptyTensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/enum_tag.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_cpu_dispatch.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/solver/standin/host.h"
#include "tests/solver/standin/memory.h"
#include "tests/solver/standin/recording.h"

namespace arctrm::standin {
namespace {

constexpr c10::DispatchKeySet kKeys(c10::DispatchKey::PrivateUse1);

at::Tensor Empty(c10::IntArrayRef size, std::optional<at::ScalarType> type,
                 std::optional<at::Layout> /*layout*/,
                 std::optional<at::Device> /*device*/,
                 std::optional<bool> pin_memory,
                 std::optional<at::MemoryFormat> format) {
  TORCH_CHECK(!pin_memory.value_or(false),
              "standin: only memory of the host can be pinned");
  return at::detail::empty_generic(size, DeviceAllocator(), kKeys,
                                   c10::dtype_or_default(type), format);
}

at::Tensor EmptyStrided(c10::IntArrayRef size, c10::IntArrayRef stride,
                        std::optional<at::ScalarType> type,
                        std::optional<at::Layout> /*layout*/,
                        std::optional<at::Device> /*device*/,
                        std::optional<bool> /*pin_memory*/) {
  return at::detail::empty_strided_generic(size, stride, DeviceAllocator(),
                                           kKeys, c10::dtype_or_default(type));
}

at::Tensor AsStrided(const at::Tensor& tensor, c10::IntArrayRef size,
                     c10::IntArrayRef stride, std::optional<int64_t> offset) {
  return at::cpu::as_strided(tensor, size, stride, offset);
}

at::Tensor View(const at::Tensor& tensor, c10::IntArrayRef size) {
  return at::native::view(tensor, size);
}

at::Tensor ReshapeAlias(const at::Tensor& tensor, c10::IntArrayRef size,
                        c10::IntArrayRef stride) {
  return at::native::_reshape_alias(tensor, size, stride);
}

const at::Tensor& Resize(const at::Tensor& tensor, c10::IntArrayRef size,
                         std::optional<at::MemoryFormat> format) {
  return at::native::resize_(tensor, size, format);
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to,
                    bool non_blocking) {
  const at::AutoDispatchBelowADInplaceOrView below;
  if (to.is_cpu()) {
    CopyToHost(from, to, non_blocking);
  } else if (from.is_cpu()) {
    CopyToDevice(from, to, non_blocking);
  } else {
    Operation operation("copy");
    operation.Reads(from);
    operation.Writes(to);
    const auto work = [from, to] { HostView(to).copy_(HostView(from)); };
    work();
    operation.End(work);
  }
  return to;
}

at::Scalar LocalScalar(const at::Tensor& tensor) {
  at::Tensor host =
      at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
  CopyToHost(tensor, host, /*non_blocking=*/false);
  return host.item();
}

// May this operand be a number on the host, as in the CUDA backend?
bool TakesHostNumbers(const c10::OperatorHandle& op) {
  return op.hasTag(at::Tag::pointwise) || op.schema().name() == "aten::fill_";
}

// Must the host know the result to go on?
bool Waits(const c10::OperatorHandle& op) {
  if (op.hasTag(at::Tag::dynamic_output_shape) ||
      op.hasTag(at::Tag::data_dependent_output)) {
    return true;
  }
  for (const c10::Argument& result : op.schema().returns()) {
    if (!result.type()->isSubtypeOf(*c10::TensorType::get()) &&
        !result.type()->isSubtypeOf(*c10::ListType::ofTensors())) {
      return true;
    }
  }
  return false;
}

bool IsWritten(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

// A call of an operation whose operands are on the device.
class Call {
 public:
  Call(const c10::OperatorHandle& op, torch::jit::Stack operands)
      : op_(op), device_(std::move(operands)) {
    for (const c10::IValue& operand : device_) {
      host_.push_back(OnHost(operand));
    }
  }

  // Tells `operation` which memory the operands are.
  void Declare(Operation& operation) const {
    for (size_t i = 0; i < device_.size(); ++i) {
      const bool written = IsWritten(op_.schema().arguments()[i]);
      ForTensors(device_[i], [&](const at::Tensor& tensor) {
        if (written) {
          operation.Writes(tensor);
        } else {
          operation.Reads(tensor);
        }
      });
    }
  }

  // Computes the results on the CPU.
  torch::jit::Stack Compute() const {
    torch::jit::Stack stack = host_;
    op_.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack);
    return stack;
  }

  // The results on the device: written operands, and `fresh` tensors.
  torch::jit::Stack Results(const torch::jit::Stack& computed,
                            Operation& operation,
                            std::vector<at::Tensor>& fresh) {
    torch::jit::Stack results;
    for (size_t i = 0; i < computed.size(); ++i) {
      const c10::Argument& result = op_.schema().returns()[i];
      if (result.alias_info() != nullptr) {
        results.push_back(Operand(result, computed[i], operation));
      } else {
        results.push_back(OnDevice(computed[i], operation, fresh));
      }
    }
    return results;
  }

  // Repeats the operation into the tensors that Results() made.
  void Repeat(const std::vector<at::Tensor>& fresh) const {
    size_t next = 0;
    for (const c10::IValue& result : Compute()) {
      ForTensors(result, [&](const at::Tensor& tensor) {
        if (next < fresh.size()) HostView(fresh[next++]).copy_(tensor);
      });
    }
  }

 private:
  template <typename Fn>
  static void ForTensors(const c10::IValue& value, Fn&& fn) {
    if (value.isTensor()) {
      if (value.toTensor().defined()) fn(value.toTensor());
    } else if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) fn(tensor);
    } else if (value.isOptionalTensorList()) {
      for (const std::optional<at::Tensor>& tensor :
           value.toOptionalTensorVector()) {
        if (tensor.has_value() && tensor->defined()) fn(*tensor);
      }
    }
  }

  at::Tensor OnHost(const at::Tensor& tensor) const {
    if (!tensor.defined()) return tensor;
    TORCH_CHECK(
        !tensor.is_cpu() || (tensor.dim() == 0 && TakesHostNumbers(op_)),
        "standin: ", op_.schema().name(),
        " has operands of several devices: one of ", tensor.sizes(),
        " is on the CPU");
    // An output without elements gets its size from the operation.
    return tensor.numel() > 0
               ? HostView(tensor)
               : at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
  }

  c10::IValue OnHost(const c10::IValue& value) const {
    if (value.isTensor()) return OnHost(value.toTensor());
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) {
        list.push_back(OnHost(tensor));
      }
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& tensor :
           value.toOptionalTensorVector()) {
        list.push_back(tensor.has_value() ? std::optional(OnHost(*tensor))
                                          : std::nullopt);
      }
      return list;
    }
    if (value.isDevice()) return at::Device(at::kCPU);
    return value;
  }

  static at::Tensor OnDevice(const at::Tensor& host, Operation& operation,
                             std::vector<at::Tensor>& fresh) {
    if (!host.defined()) return host;
    at::Tensor tensor = at::detail::empty_strided_generic(
        host.sizes(), host.strides(), DeviceAllocator(), kKeys,
        host.scalar_type());
    operation.Writes(tensor);
    HostView(tensor).copy_(host);
    fresh.push_back(tensor);
    return tensor;
  }

  static c10::IValue OnDevice(const c10::IValue& value, Operation& operation,
                              std::vector<at::Tensor>& fresh) {
    if (value.isTensor()) return OnDevice(value.toTensor(), operation, fresh);
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) {
      list.push_back(OnDevice(tensor, operation, fresh));
    }
    return list;
  }

  // The operand that is also `result`. It takes the size that the operation
  // gave it.
  at::Tensor Operand(const c10::Argument& result, const c10::IValue& computed,
                     Operation& operation) {
    const std::vector<c10::Argument>& arguments = op_.schema().arguments();
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!IsWritten(arguments[i]) ||
          *arguments[i].alias_info() != *result.alias_info()) {
        continue;
      }
      at::Tensor tensor = device_[i].toTensor();
      const at::Tensor& host = computed.toTensor();
      if (tensor.sizes() != host.sizes()) {
        at::native::resize_(tensor, host.sizes(), std::nullopt);
        operation.Writes(tensor);
        HostView(tensor).copy_(host);
        host_[i] = HostView(tensor);
      }
      return tensor;
    }
    TORCH_CHECK(false, "standin: the view ", op_.schema().name(),
                " is missing");
  }

  c10::OperatorHandle op_;
  torch::jit::Stack device_;  // the operands
  torch::jit::Stack host_;    // the operands as CPU tensors
};

void ComputeOnCpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const at::AutoDispatchBelowADInplaceOrView below;
  const c10::FunctionSchema& schema = op.schema();
  Operation operation(schema.name());
  if (Waits(op)) WaitForCurrentStream(schema.name().c_str());
  const auto call = std::make_shared<Call>(
      op, torch::jit::pop(*stack, schema.arguments().size()));
  call->Declare(operation);
  std::vector<at::Tensor> fresh;
  for (c10::IValue& result : call->Results(call->Compute(), operation, fresh)) {
    stack->push_back(std::move(result));
  }
  operation.End([call, fresh] {
    const at::AutoDispatchBelowADInplaceOrView without_gradient;
    call->Repeat(fresh);
  });
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("as_strided", &AsStrided);
  library.impl("view", &View);
  library.impl("_reshape_alias", &ReshapeAlias);
  library.impl("resize_", &Resize);
  library.impl("_copy_from", &CopyFrom);
  library.impl("_local_scalar_dense", &LocalScalar);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&ComputeOnCpu>());
}

}  // namespace
}  // namespace arctrm::standin
