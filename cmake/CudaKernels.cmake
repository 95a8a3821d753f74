# SPDX-License-Identifier: MIT
# The .cu files of solver/kernels are compiled by calling nvcc: enable_language(CUDA)
# would ask for a whole toolkit, and CMake's own knowledge of architectures and
# C++ standards is older than nvcc's.
#   ARCTRM_NVCC            nvcc, or ...-NOTFOUND
#   ARCTRM_NVCC_FLAGS      its flags, for all architectures
#   ARCTRM_NVCC_WERROR     those that make warnings errors
#   ARCTRM_CUDART, ARCTRM_CUDA_INCLUDE  its toolkit's static runtime and headers
#   arctrm_cuda_kernels(T) adds the kernels to the library T, with
#                          ARCTRM_CUDA_KERNELS defined in it and its users
include_guard(GLOBAL)

option(ARCTRM_CUDA_KERNELS
  "Fused CUDA kernels (needs nvcc and a torch with CUDA)" OFF)
# In another project's build an empty value would be an error of its own CUDA.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CUDA_ARCHITECTURES "" CACHE STRING
    "As in CMake: 90, 90-real, 90-virtual, ..., or native, all, all-major")
endif()

set(_compiler "$ENV{CUDACXX}")
if(CMAKE_CUDA_COMPILER)
  set(_compiler "${CMAKE_CUDA_COMPILER}")
endif()
if(_compiler)
  set(ARCTRM_NVCC "${_compiler}" CACHE FILEPATH "nvcc")
endif()
find_program(ARCTRM_NVCC nvcc DOC "nvcc"
  HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)

set(ARCTRM_NVCC_FLAGS "")
set(_nvcc_version "")
if(ARCTRM_NVCC)
  execute_process(COMMAND "${ARCTRM_NVCC}" --version
    OUTPUT_VARIABLE _text ERROR_QUIET RESULT_VARIABLE _result)
  if(_text MATCHES "release ([0-9]+\\.[0-9]+)")
    set(_nvcc_version "${CMAKE_MATCH_1}")
  endif()
endif()
if(_nvcc_version)
  execute_process(COMMAND "${ARCTRM_NVCC}" --list-gpu-arch
    OUTPUT_VARIABLE _known ERROR_QUIET)
  set(_architectures "${CMAKE_CUDA_ARCHITECTURES}")
  if(NOT _architectures)
    # Machine code for each, and PTX of the last for what comes after.
    set(_left_out "")
    foreach(_number IN ITEMS 75 80 86 89 90 100 120)
      if(_known MATCHES "compute_${_number}[\r\n]" OR NOT _known)
        list(APPEND _architectures "${_number}-real")
        set(_newest "${_number}")
      else()
        string(APPEND _left_out " ${_number}")
      endif()
    endforeach()
    list(APPEND _architectures "${_newest}-virtual")
    if(_left_out)
      message(STATUS "CUDA kernels: nvcc ${_nvcc_version} doesn't know the "
        "architectures${_left_out}; left out")
    endif()
  endif()
  foreach(_architecture IN LISTS _architectures)
    if(_architecture MATCHES "^([0-9]+[af]?)-real$")
      list(APPEND ARCTRM_NVCC_FLAGS
        "-gencode=arch=compute_${CMAKE_MATCH_1},code=sm_${CMAKE_MATCH_1}")
    elseif(_architecture MATCHES "^([0-9]+[af]?)-virtual$")
      list(APPEND ARCTRM_NVCC_FLAGS
        "-gencode=arch=compute_${CMAKE_MATCH_1},code=compute_${CMAKE_MATCH_1}")
    elseif(_architecture MATCHES "^([0-9]+[af]?)$")
      list(APPEND ARCTRM_NVCC_FLAGS
        "-gencode=arch=compute_${CMAKE_MATCH_1},code=[sm_${CMAKE_MATCH_1},compute_${CMAKE_MATCH_1}]")
    elseif(_architecture MATCHES "^(native|all|all-major)$")
      list(APPEND ARCTRM_NVCC_FLAGS "-arch=${_architecture}")
    else()
      message(FATAL_ERROR "CMAKE_CUDA_ARCHITECTURES=${CMAKE_CUDA_ARCHITECTURES}"
        ": ${_architecture} is none; expected for example 90 or 75-real;90")
    endif()
  endforeach()
  list(APPEND ARCTRM_NVCC_FLAGS -std=c++17 -O3 --threads 2
    -Xcompiler=-Wall,-Wextra,-fPIC "-I${PROJECT_SOURCE_DIR}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND ARCTRM_NVCC_FLAGS "-ccbin=${CMAKE_CXX_COMPILER}")
  endif()
  set(ARCTRM_NVCC_WERROR -Werror=all-warnings -Xcompiler=-Werror)
  get_filename_component(_real "${ARCTRM_NVCC}" REALPATH)
  get_filename_component(_toolkit "${_real}/../.." ABSOLUTE)
  # The static runtime: nothing more to be found when the program starts.
  find_library(ARCTRM_CUDART cudart_static
    HINTS "${_toolkit}" PATH_SUFFIXES lib64 lib targets/x86_64-linux/lib)
  find_path(ARCTRM_CUDA_INCLUDE cuda_runtime_api.h
    HINTS "${_toolkit}" PATH_SUFFIXES include targets/x86_64-linux/include)
  mark_as_advanced(ARCTRM_CUDART ARCTRM_CUDA_INCLUDE)
else()
  set(ARCTRM_NVCC "ARCTRM_NVCC-NOTFOUND")
endif()

# Can the kernels be built into a program on the torch/ folder `torch`?
function(arctrm_check_cuda_kernels torch)
  if(NOT ARCTRM_NVCC)
    message(FATAL_ERROR "ARCTRM_CUDA_KERNELS=ON: no working nvcc found. Install "
      "a CUDA toolkit, or give its nvcc with -DARCTRM_NVCC=...; without the "
      "option the program uses LibTorch's own kernels on a GPU.")
  endif()
  set(_cuda "")
  file(STRINGS "${torch}/version.py" _lines REGEX "^cuda")
  if(_lines MATCHES "'([0-9]+\\.[0-9]+)'")
    set(_cuda "${CMAKE_MATCH_1}")
  endif()
  if(NOT _cuda OR NOT EXISTS "${torch}/lib/libc10_cuda.so")
    message(FATAL_ERROR "ARCTRM_CUDA_KERNELS=ON: the torch at ${torch} is built "
      "without CUDA. Give one with CUDA by -DARCTRM_TORCH_ROOT=...")
  endif()
  string(REGEX MATCH "^[0-9]+" _torch_major "${_cuda}")
  string(REGEX MATCH "^[0-9]+" _nvcc_major "${_nvcc_version}")
  if(_nvcc_major GREATER _torch_major)
    # They would ask for a newer driver than everything else.
    message(FATAL_ERROR "ARCTRM_CUDA_KERNELS=ON: ${ARCTRM_NVCC} is of CUDA "
      "${_nvcc_version}, the torch at ${torch} of CUDA ${_cuda}. Give an nvcc of "
      "CUDA ${_torch_major} with -DARCTRM_NVCC=...")
  endif()
  if(NOT ARCTRM_CUDART OR NOT ARCTRM_CUDA_INCLUDE)
    message(FATAL_ERROR "ARCTRM_CUDA_KERNELS=ON: ${_toolkit} holds no "
      "libcudart_static.a or no cuda_runtime_api.h; install the whole toolkit.")
  endif()
  message(STATUS "CUDA kernels: nvcc ${_nvcc_version}, ${ARCTRM_NVCC}; "
    "architectures ${_architectures}")
endfunction()

function(arctrm_cuda_kernels target)
  set(_werror "")
  if(ARCTRM_WERROR)
    set(_werror ${ARCTRM_NVCC_WERROR})
  endif()
  set(_kernels "${PROJECT_SOURCE_DIR}/solver/kernels")
  foreach(_name cuda_ops cuda_optimizers)
    set(_object "${CMAKE_CURRENT_BINARY_DIR}/${_name}.o")
    add_custom_command(OUTPUT "${_object}"
      COMMAND "${ARCTRM_NVCC}" ${ARCTRM_NVCC_FLAGS} ${_werror}
        -c "${_kernels}/${_name}.cu" -o "${_object}"
      DEPENDS "${_kernels}/${_name}.cu" "${_kernels}/cuda_device.h"
        "${_kernels}/cuda_ops.h"
      COMMENT "Compiling solver/kernels/${_name}.cu" VERBATIM)
    set_source_files_properties("${_object}" PROPERTIES
      EXTERNAL_OBJECT ON GENERATED ON)
    target_sources(${target} PRIVATE "${_object}")
  endforeach()
  target_compile_definitions(${target} PUBLIC ARCTRM_CUDA_KERNELS)
  target_include_directories(${target} SYSTEM PRIVATE "${ARCTRM_CUDA_INCLUDE}")
  target_link_libraries(${target} PUBLIC libtorch_c10_cuda "${ARCTRM_CUDART}"
    Threads::Threads ${CMAKE_DL_LIBS} rt)
endfunction()
