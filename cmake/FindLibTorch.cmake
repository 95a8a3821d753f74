# SPDX-License-Identifier: MIT
# LibTorch out of an installed PyPI torch wheel, as targets of our own:
# find_package(Torch) refuses to configure where a CUDA wheel meets no CUDA
# toolkit.
#   libtorch::cpu   libtorch_cpu and libc10 with their headers
# Looked for in this order: -DARCTRM_TORCH_ROOT or the environment variable of
# that name (the torch/ folder), the active Python's torch, <source>/.venv.
include_guard(GLOBAL)

set(ARCTRM_TORCH_ROOT "$ENV{ARCTRM_TORCH_ROOT}" CACHE PATH
  "The torch/ folder of an installed wheel (.../site-packages/torch)")

set(_arctrm_torch_how "ARCTRM_TORCH_ROOT")
set(_arctrm_torch "${ARCTRM_TORCH_ROOT}")
if(_arctrm_torch AND NOT EXISTS "${_arctrm_torch}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "ARCTRM_TORCH_ROOT=${_arctrm_torch}: no "
    "lib/libtorch_cpu.so there. Give the torch/ folder of an installed wheel.")
endif()
if(NOT _arctrm_torch)
  foreach(_python IN ITEMS python3 python)
    execute_process(
      COMMAND ${_python} -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s and s.origin else '')"
      OUTPUT_VARIABLE _found OUTPUT_STRIP_TRAILING_WHITESPACE
      ERROR_QUIET RESULT_VARIABLE _rc)
    if(_rc EQUAL 0 AND _found AND EXISTS "${_found}/lib/libtorch_cpu.so")
      set(_arctrm_torch "${_found}")
      set(_arctrm_torch_how "the active Python")
      break()
    endif()
  endforeach()
endif()
if(NOT _arctrm_torch)
  file(GLOB _venv "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  foreach(_found IN LISTS _venv)
    if(EXISTS "${_found}/lib/libtorch_cpu.so")
      set(_arctrm_torch "${_found}")
      set(_arctrm_torch_how "the private environment .venv")
    endif()
  endforeach()
endif()
if(NOT _arctrm_torch)
  message(FATAL_ERROR "LibTorch not found. Run ./dev build, which installs it "
    "in a private environment; or activate a Python that has torch 2.8 or "
    "newer; or pass -DARCTRM_TORCH_ROOT=<site-packages>/torch.")
endif()

file(STRINGS "${_arctrm_torch}/version.py" _line REGEX "^__version__")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" ARCTRM_TORCH_VERSION "${_line}")
if(ARCTRM_TORCH_VERSION VERSION_LESS 2.7)
  message(FATAL_ERROR "torch ${ARCTRM_TORCH_VERSION} at ${_arctrm_torch} is "
    "built with the old C++ string ABI; install torch 2.8 or newer.")
endif()

add_library(libtorch_c10 SHARED IMPORTED GLOBAL)
set_target_properties(libtorch_c10 PROPERTIES
  IMPORTED_LOCATION "${_arctrm_torch}/lib/libc10.so" IMPORTED_SONAME libc10.so)
add_library(libtorch_torch_cpu SHARED IMPORTED GLOBAL)
set_target_properties(libtorch_torch_cpu PROPERTIES
  IMPORTED_LOCATION "${_arctrm_torch}/lib/libtorch_cpu.so"
  IMPORTED_SONAME libtorch_cpu.so)
add_library(libtorch_cpu_interface INTERFACE)
add_library(libtorch::cpu ALIAS libtorch_cpu_interface)
target_include_directories(libtorch_cpu_interface SYSTEM INTERFACE
  "${_arctrm_torch}/include"
  "${_arctrm_torch}/include/torch/csrc/api/include")
# libtorch_cpu.so of a CUDA wheel needs libcudart and libcupti, which its own
# search path finds when the program starts, but not the linker.
target_link_options(libtorch_cpu_interface INTERFACE
  -Wl,--allow-shlib-undefined)
target_link_libraries(libtorch_cpu_interface INTERFACE
  libtorch_torch_cpu libtorch_c10)
message(STATUS "LibTorch ${ARCTRM_TORCH_VERSION} from ${_arctrm_torch_how}: "
  "${_arctrm_torch}")
