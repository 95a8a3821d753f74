// SPDX-License-Identifier: MIT
#include "solver/kernels/cuda_modules.h"

#include <array>
#include <cstddef>
#include <mutex>
#include <utility>

#include "base/status.h"
#include "solver/kernels/cuda_kernel_cache.h"

namespace arctrm::kernels::cuda {
namespace {

struct Slot {
  std::once_flag once;
  LoadedKernels loaded;
};

// More GPUs than a machine has.
constexpr size_t kMaxDevices = 64;

Slot& SlotOf(int device, Element element) {
  static auto* const slots =
      new std::array<std::array<Slot, kElementCount>, kMaxDevices>();
  return slots->at(static_cast<size_t>(device))
      .at(static_cast<size_t>(element));
}

absl::Status Load(int device, Element element, const std::string& torch,
                  LoadedKernels& into) {
  ARCTRM_ASSIGN_OR_RETURN(const Driver* const driver, Driver::Get());
  ARCTRM_ASSIGN_OR_RETURN(const CudaDeviceInfo about, driver->Describe(device));
  ARCTRM_RETURN_IF_ERROR(driver->UseDevice(device));
  ARCTRM_ASSIGN_OR_RETURN(KernelCode found,
                          GetKernelCode(KernelCache::Default(), torch, element,
                                        10 * about.major + about.minor));
  into.origin = std::move(found.origin);
  ARCTRM_ASSIGN_OR_RETURN(into.module, driver->LoadModule(found.code));
  return absl::OkStatus();
}

}  // namespace

const LoadedKernels& LoadKernels(int device, Element element,
                                 const std::string& torch) {
  Slot& slot = SlotOf(device, element);
  std::call_once(slot.once, [&] {
    slot.loaded.status = Load(device, element, torch, slot.loaded);
  });
  return slot.loaded;
}

absl::Status DeviceLauncher::Start(KernelName kernel, Element element,
                                   unsigned blocks,
                                   absl::Span<void*> arguments) {
  constexpr unsigned kThreads = 256;  // as in cuda_device.h
  ARCTRM_ASSIGN_OR_RETURN(const Driver* const driver, Driver::Get());
  ARCTRM_RETURN_IF_ERROR(driver->UseDevice(device_));
  const LoadedKernels& loaded = SlotOf(device_, element).loaded;
  return driver->Start(loaded.module[static_cast<size_t>(kernel)], blocks,
                       kThreads, stream_, arguments);
}

}  // namespace arctrm::kernels::cuda
