# SPDX-License-Identifier: MIT
# LibTorch out of an installed PyPI torch wheel, as targets of our own:
# find_package(Torch) refuses to configure where a CUDA wheel meets no CUDA
# toolkit.
#   libtorch::cpu      libtorch_cpu and libc10 with their headers
#   ARCTRM_TORCH, ARCTRM_TORCH_VERSION  its torch/ folder, its version
#   ARCTRM_TORCH_PROBLEM                why there is none, or ""
# Installed: arctrmConfig.cmake uses it too.
# Looked for in this order: -DARCTRM_TORCH_ROOT or the environment variable of
# that name (the torch/ folder), the active Python's torch, <source>/.venv.
if(TARGET libtorch::cpu)
  return()
endif()

# Wheels before this one are built with the old C++ string ABI.
set(ARCTRM_TORCH_OLDEST 2.7)
set(ARCTRM_TORCH_ROOT "$ENV{ARCTRM_TORCH_ROOT}" CACHE PATH
  "The torch/ folder of an installed wheel (.../site-packages/torch)")

# Sets `version` to that of the torch/ folder `root`, "" where there is none.
function(arctrm_torch_version root version)
  set(found "")
  if(EXISTS "${root}/lib/libtorch_cpu.so" AND EXISTS "${root}/version.py")
    file(STRINGS "${root}/version.py" line REGEX "^__version__")
    string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" found "${line}")
  endif()
  set(${version} "${found}" PARENT_SCOPE)
endfunction()

set(_torch "")
set(_torch_refused "")
set(ARCTRM_TORCH_PROBLEM "")
if(ARCTRM_TORCH_ROOT)
  set(_torch_how "ARCTRM_TORCH_ROOT")
  arctrm_torch_version("${ARCTRM_TORCH_ROOT}" _torch_version)
  if(NOT _torch_version)
    string(CONCAT ARCTRM_TORCH_PROBLEM
      "ARCTRM_TORCH_ROOT=${ARCTRM_TORCH_ROOT}: no lib/libtorch_cpu.so there. "
      "Give the torch/ folder of an installed wheel.")
    return()
  endif()
  if(_torch_version VERSION_LESS ARCTRM_TORCH_OLDEST)
    string(CONCAT ARCTRM_TORCH_PROBLEM
      "ARCTRM_TORCH_ROOT=${ARCTRM_TORCH_ROOT}: torch ${_torch_version} is built "
      "with the old C++ string ABI; give torch ${ARCTRM_TORCH_OLDEST} or newer.")
    return()
  endif()
  set(_torch "${ARCTRM_TORCH_ROOT}")
else()
  set(_torch_places "")
  foreach(_python IN ITEMS python3 python)
    execute_process(
      COMMAND ${_python} -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s and s.origin else '')"
      OUTPUT_VARIABLE _found OUTPUT_STRIP_TRAILING_WHITESPACE
      ERROR_QUIET RESULT_VARIABLE _result)
    if(_result EQUAL 0 AND _found)
      list(APPEND _torch_places "${_found}")
    endif()
  endforeach()
  file(GLOB _found "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  list(APPEND _torch_places ${_found})
  foreach(_place IN LISTS _torch_places)
    arctrm_torch_version("${_place}" _torch_version)
    if(NOT _torch_version)
      continue()
    endif()
    if(_torch_version VERSION_LESS ARCTRM_TORCH_OLDEST)
      set(_torch_refused " (torch ${_torch_version} at ${_place} is built with "
        "the old C++ string ABI)")
      continue()
    endif()
    set(_torch "${_place}")
    set(_torch_how "the active Python")
    if(_place IN_LIST _found)
      set(_torch_how "the private environment .venv")
    endif()
    break()
  endforeach()
endif()
if(NOT _torch)
  string(CONCAT _torch_refused ${_torch_refused})
  string(CONCAT ARCTRM_TORCH_PROBLEM
    "LibTorch not found${_torch_refused}. Run ./dev build, "
    "which installs it in a private environment; or activate a Python that has "
    "torch ${ARCTRM_TORCH_OLDEST} or newer; or pass "
    "-DARCTRM_TORCH_ROOT=<site-packages>/torch. The file commands alone build "
    "with -DARCTRM_WITH_TORCH=OFF.")
  return()
endif()
set(ARCTRM_TORCH "${_torch}")
set(ARCTRM_TORCH_VERSION "${_torch_version}")
add_library(libtorch_c10 SHARED IMPORTED GLOBAL)
set_target_properties(libtorch_c10 PROPERTIES
  IMPORTED_LOCATION "${_torch}/lib/libc10.so" IMPORTED_SONAME libc10.so)
add_library(libtorch_torch_cpu SHARED IMPORTED GLOBAL)
set_target_properties(libtorch_torch_cpu PROPERTIES
  IMPORTED_LOCATION "${_torch}/lib/libtorch_cpu.so"
  IMPORTED_SONAME libtorch_cpu.so)
add_library(libtorch::cpu INTERFACE IMPORTED GLOBAL)
target_include_directories(libtorch::cpu SYSTEM INTERFACE
  "${_torch}/include"
  "${_torch}/include/torch/csrc/api/include")
# libtorch_cpu.so of a CUDA wheel needs libcudart and libcupti, which its own
# search path finds when the program starts, but not the linker.
target_link_options(libtorch::cpu INTERFACE
  -Wl,--allow-shlib-undefined)
target_link_libraries(libtorch::cpu INTERFACE
  libtorch_torch_cpu libtorch_c10)
message(STATUS "LibTorch ${ARCTRM_TORCH_VERSION} from ${_torch_how}: ${_torch}")
