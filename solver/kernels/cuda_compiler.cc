// SPDX-License-Identifier: MIT
#include "solver/kernels/cuda_compiler.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/status.h"

namespace arctrm::kernels::cuda {

// NVRTC's functions (nvrtc.h of CUDA 12 and 13). 0 is success.
struct CudaCompiler::Functions {
  using Program = void*;
  int (*version)(int* major, int* minor);
  const char* (*error_text)(int result);
  int (*create)(Program* program, const char* source, const char* name,
                int header_count, const char* const* headers,
                const char* const* header_names);
  int (*destroy)(Program* program);
  int (*compile)(Program program, int option_count, const char* const* options);
  int (*log_size)(Program program, size_t* bytes);
  int (*log)(Program program, char* text);
  int (*machine_code_size)(Program program, size_t* bytes);
  int (*machine_code)(Program program, char* code);
  int (*ptx_size)(Program program, size_t* bytes);
  int (*ptx)(Program program, char* text);
  int (*architecture_count)(int* count);
  int (*architectures)(int* list);

  // false if a function is missing.
  bool FindIn(const SharedLibrary& library) {
    return library.Find("nvrtcVersion", version) &&
           library.Find("nvrtcGetErrorString", error_text) &&
           library.Find("nvrtcCreateProgram", create) &&
           library.Find("nvrtcDestroyProgram", destroy) &&
           library.Find("nvrtcCompileProgram", compile) &&
           library.Find("nvrtcGetProgramLogSize", log_size) &&
           library.Find("nvrtcGetProgramLog", log) &&
           library.Find("nvrtcGetCUBINSize", machine_code_size) &&
           library.Find("nvrtcGetCUBIN", machine_code) &&
           library.Find("nvrtcGetPTXSize", ptx_size) &&
           library.Find("nvrtcGetPTX", ptx) &&
           library.Find("nvrtcGetNumSupportedArchs", architecture_count) &&
           library.Find("nvrtcGetSupportedArchs", architectures);
  }
};

std::vector<std::string> NvrtcPlaces(const std::string& torch) {
  if (const char* chosen = std::getenv("ARCTRM_NVRTC")) return {chosen};
  constexpr std::array<const char*, 2> kNames = {"libnvrtc.so.13",
                                                 "libnvrtc.so.12"};
  std::vector<std::string> places;
  if (!torch.empty()) {
    const std::string wheels = JoinPath(Dirname(torch), "nvidia");
    for (const char* folder : {"cu13/lib", "cuda_nvrtc/lib", "cu12/lib"}) {
      for (const char* name : kNames) {
        std::string file = absl::StrCat(wheels, "/", folder, "/", name);
        if (FileExists(file)) places.push_back(std::move(file));
      }
    }
  }
  places.insert(places.end(), kNames.begin(), kNames.end());
  for (const char* name : kNames) {
    places.push_back(absl::StrCat("/usr/local/cuda/lib64/", name));
  }
  return places;
}

absl::StatusOr<CudaCompiler> CudaCompiler::Load(
    const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    const absl::StatusOr<SharedLibrary> library = SharedLibrary::Load(place);
    if (!library.ok()) continue;
    auto* const functions = new Functions();
    int major = 0;
    int minor = 0;
    if (functions->FindIn(*library) &&
        functions->version(&major, &minor) == 0) {
      return CudaCompiler(place, functions, major, minor);
    }
    delete functions;
  }
  return absl::NotFoundError(absl::StrCat(
      "no NVRTC (libnvrtc.so.12 or .13) found as ", absl::StrJoin(places, ", "),
      "; it comes with the nvidia-cuda-nvrtc wheel that torch depends on"));
}

CudaCompiler::CudaCompiler(std::string path, const Functions* functions,
                           int major, int minor)
    : path_(std::move(path)),
      functions_(functions),
      major_(major),
      minor_(minor) {}

std::string CudaCompiler::Version() const {
  return absl::StrCat(major_, ".", minor_);
}

int CudaCompiler::Newest() const {
  int count = 0;
  if (functions_->architecture_count(&count) != 0 || count <= 0) return 0;
  std::vector<int> known(static_cast<size_t>(count));
  if (functions_->architectures(known.data()) != 0) return 0;
  return *std::max_element(known.begin(), known.end());
}

absl::StatusOr<std::string> CudaCompiler::Compile(Element element,
                                                  int capability) const {
  const Functions& nvrtc = *functions_;
  const int newest = Newest();
  const bool known = newest == 0 || capability <= newest;
  const std::string architecture =
      known ? absl::StrCat("--gpu-architecture=sm_", capability)
            : absl::StrCat("--gpu-architecture=compute_", newest);
  const std::string module =
      absl::StrCat("-DARCTRM_MODULE=", ElementName(element));
  const char* const options[] = {architecture.c_str(), module.c_str(),
                                 "--std=c++17"};
  const char* const headers[] = {kDeviceSource};
  const char* const header_names[] = {"solver/kernels/cuda_device.h"};
  const auto failed = [&](const char* what, int result) {
    return absl::InternalError(absl::StrCat(
        "NVRTC ", Version(), " ", what, " the kernels for ",
        ElementName(element), ", compute capability ", capability / 10, ".",
        capability % 10, ": ", nvrtc.error_text(result)));
  };
  Functions::Program program = nullptr;
  if (const int result =
          nvrtc.create(&program, kKernelSource, "cuda_kernels.cu", 1, headers,
                       header_names)) {
    return failed("cannot read", result);
  }
  const auto destroy = [&nvrtc](Functions::Program owned) {
    nvrtc.destroy(&owned);
  };
  const std::unique_ptr<void, decltype(destroy)> owner(program, destroy);
  if (const int result = nvrtc.compile(program, std::size(options), options)) {
    size_t bytes = 0;
    std::string log;
    if (nvrtc.log_size(program, &bytes) == 0 && bytes > 1) {
      log.resize(bytes);
      if (nvrtc.log(program, log.data()) != 0) log.clear();
    }
    const absl::Status status = failed("cannot compile", result);
    return absl::InternalError(
        absl::StrCat(status.message(), "\n", log.c_str()));
  }
  size_t bytes = 0;
  int result = known ? nvrtc.machine_code_size(program, &bytes)
                     : nvrtc.ptx_size(program, &bytes);
  std::string code(bytes, '\0');
  if (result == 0) {
    result = known ? nvrtc.machine_code(program, code.data())
                   : nvrtc.ptx(program, code.data());
  }
  if (result != 0 || bytes == 0) return failed("returned no code of", result);
  return code;
}

}  // namespace arctrm::kernels::cuda
