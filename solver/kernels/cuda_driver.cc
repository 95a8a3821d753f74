// SPDX-License-Identifier: MIT
#include "solver/kernels/cuda_driver.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/shared_library.h"
#include "base/status.h"

namespace arctrm::kernels::cuda {

// The driver API (cuda.h of CUDA 12 and 13). 0 is success.
struct Driver::Functions {
  int (*init)(unsigned flags);
  int (*get_device)(int* device, int ordinal);
  int (*device_name)(char* name, int size, int device);
  int (*device_attribute)(int* value, int attribute, int device);
  int (*device_memory)(size_t* bytes, int device);
  int (*device_uuid)(char* uuid, int device);  // null if the driver is too old
  int (*error_text)(int result, const char** text);
  int (*current_context)(void** context);
  int (*retain_context)(void** context, int device);
  int (*use_context)(void* context);
  int (*load_module)(void** module, const void* code);
  int (*find_kernel)(void** kernel, void* module, const char* name);
  int (*start)(void* kernel, unsigned blocks_x, unsigned blocks_y,
               unsigned blocks_z, unsigned threads_x, unsigned threads_y,
               unsigned threads_z, unsigned shared_bytes, void* stream,
               void** arguments, void** extra);

  mutable std::mutex mutex;
  mutable std::map<int, void*> contexts;  // primary contexts, by ordinal

  // false if a function is missing.
  bool FindIn(const SharedLibrary& library) {
    // The second version tells parts of one device apart.
    if (!library.Find("cuDeviceGetUuid_v2", device_uuid)) {
      library.Find("cuDeviceGetUuid", device_uuid);
    }
    return library.Find("cuInit", init) &&
           library.Find("cuDeviceGet", get_device) &&
           library.Find("cuDeviceGetName", device_name) &&
           library.Find("cuDeviceGetAttribute", device_attribute) &&
           library.Find("cuDeviceTotalMem_v2", device_memory) &&
           library.Find("cuGetErrorString", error_text) &&
           library.Find("cuCtxGetCurrent", current_context) &&
           library.Find("cuDevicePrimaryCtxRetain", retain_context) &&
           library.Find("cuCtxSetCurrent", use_context) &&
           library.Find("cuModuleLoadData", load_module) &&
           library.Find("cuModuleGetFunction", find_kernel) &&
           library.Find("cuLaunchKernel", start);
  }
};

Driver::Driver(std::unique_ptr<Functions> functions)
    : functions_(std::move(functions)) {}

absl::StatusOr<const Driver*> Driver::Get() {
  static const absl::StatusOr<const Driver*> driver =
      []() -> absl::StatusOr<const Driver*> {
    const char* chosen = std::getenv("ARCTRM_CUDA_DRIVER");
    const std::string name = chosen != nullptr ? chosen : "libcuda.so.1";
    ARCTRM_ASSIGN_OR_RETURN(const SharedLibrary library,
                            SharedLibrary::Load(name));
    auto functions = std::make_unique<Functions>();
    if (!functions->FindIn(library)) {
      return absl::NotFoundError(
          absl::StrCat(name, " lacks a function of CUDA 12"));
    }
    if (const int result = functions->init(0)) {
      return absl::NotFoundError(
          absl::StrCat(name, " cannot start: error ", result));
    }
    return new Driver(std::move(functions));
  }();
  return driver;
}

absl::Status Driver::Check(const char* what, int result) const {
  if (result == 0) return absl::OkStatus();
  const char* text = nullptr;
  static_cast<void>(functions_->error_text(result, &text));
  return absl::InternalError(
      absl::StrCat("CUDA driver: ", what, ": ",
                   text != nullptr ? text : absl::StrCat("error ", result)));
}

absl::StatusOr<CudaDeviceInfo> Driver::Describe(int device) const {
  constexpr int kMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  constexpr int kMinor = 76;
  CudaDeviceInfo about;
  int handle = 0;
  std::array<char, 256> name = {};
  size_t memory = 0;
  if (functions_->get_device(&handle, device) != 0 ||
      functions_->device_name(name.data(), static_cast<int>(name.size()) - 1,
                              handle) != 0 ||
      functions_->device_attribute(&about.major, kMajor, handle) != 0 ||
      functions_->device_attribute(&about.minor, kMinor, handle) != 0 ||
      functions_->device_memory(&memory, handle) != 0) {
    return absl::NotFoundError(
        absl::StrCat("the driver does not describe CUDA device ", device));
  }
  about.name = name.data();
  about.memory_bytes = static_cast<int64_t>(memory);
  std::array<char, 16> uuid = {};
  if (functions_->device_uuid != nullptr &&
      functions_->device_uuid(uuid.data(), handle) == 0) {
    about.uuid =
        absl::BytesToHexString(absl::string_view(uuid.data(), uuid.size()));
  }
  return about;
}

absl::Status Driver::UseDevice(int device) const {
  void* context = nullptr;
  {
    const std::lock_guard<std::mutex> lock(functions_->mutex);
    void*& kept = functions_->contexts[device];
    if (kept == nullptr) {
      int handle = 0;
      ARCTRM_RETURN_IF_ERROR(
          Check("finding the device", functions_->get_device(&handle, device)));
      ARCTRM_RETURN_IF_ERROR(Check("opening the device",
                                   functions_->retain_context(&kept, handle)));
    }
    context = kept;
  }
  void* current = nullptr;
  if (functions_->current_context(&current) == 0 && current == context) {
    return absl::OkStatus();
  }
  return Check("choosing the device", functions_->use_context(context));
}

absl::StatusOr<Driver::Module> Driver::LoadModule(
    const std::string& code) const {
  void* handle = nullptr;
  ARCTRM_RETURN_IF_ERROR(Check("loading the kernels",
                               functions_->load_module(&handle, code.c_str())));
  Module module = {};
  for (size_t i = 0; i < kKernelCount; ++i) {
    ARCTRM_RETURN_IF_ERROR(
        Check(kKernelNames[i],
              functions_->find_kernel(&module[i], handle, kKernelNames[i])));
  }
  return module;
}

absl::Status Driver::Start(void* kernel, unsigned blocks, unsigned threads,
                           void* stream, absl::Span<void*> arguments) const {
  const int result = functions_->start(kernel, blocks, 1, 1, threads, 1, 1, 0,
                                       stream, arguments.data(), nullptr);
  return Check("starting a kernel", result);
}

}  // namespace arctrm::kernels::cuda
