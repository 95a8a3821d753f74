# SPDX-License-Identifier: MIT
# Libraries of the system first (Debian 12, Ubuntu 22.04 and 24.04 have all of
# them); otherwise, with -DARCTRM_FETCH=ON, released sources at a pinned
# version. Says for each which was taken.
include_guard(GLOBAL)

option(ARCTRM_FETCH "Fetch libraries that the system lacks" OFF)
if(ARCTRM_FETCH)
  include(FetchContent)
endif()

# arctrm_need(<name> <Debian package> <fetch repository> <tag> TARGETS target …):
# succeeds when the first target exists.
function(arctrm_need name package repository tag)
  cmake_parse_arguments(ARG "" "" "TARGETS" ${ARGN})
  list(GET ARG_TARGETS 0 target)
  if(NOT TARGET ${target})
    find_package(${name} QUIET)
  endif()
  if(TARGET ${target})
    set(version "${${name}_VERSION}")
    message(STATUS "${name} ${version}: from the system")
    return()
  endif()
  if(ARCTRM_FETCH)
    message(STATUS "${name} ${tag}: fetched")
    FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${tag}
      GIT_SHALLOW ON)
    FetchContent_MakeAvailable(${name})
    if(TARGET ${target})
      return()
    endif()
  endif()
  message(FATAL_ERROR "${name} not found. Install the package ${package} "
    "(./dev build does), or configure with -DARCTRM_FETCH=ON to fetch it.")
endfunction()

# Header-only libraries of Ubuntu 22.04 come without CMake files in places.
function(arctrm_header_only target header package)
  if(TARGET ${target})
    return()
  endif()
  string(MAKE_C_IDENTIFIER "${header}" id)
  find_path(ARCTRM_${id} ${header})
  if(ARCTRM_${id})
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${ARCTRM_${id}}")
  endif()
endfunction()

set(github "https://github.com")
set(ABSL_PROPAGATE_CXX_STD ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

arctrm_need(absl libabsl-dev ${github}/abseil/abseil-cpp 20240722.0
  TARGETS absl::status)
arctrm_need(simdjson libsimdjson-dev ${github}/simdjson/simdjson v3.10.1
  TARGETS simdjson::simdjson)

# zstd: CMake files where the package has them, else the library itself.
find_package(zstd QUIET)
if(TARGET zstd::libzstd_shared)
  message(STATUS "zstd ${zstd_VERSION}: from the system")
  add_library(arctrm_zstd ALIAS zstd::libzstd_shared)
else()
  find_path(ARCTRM_ZSTD_INCLUDE zstd.h)
  find_library(ARCTRM_ZSTD_LIBRARY zstd)
  if(NOT ARCTRM_ZSTD_INCLUDE OR NOT ARCTRM_ZSTD_LIBRARY)
    message(FATAL_ERROR "zstd not found. Install the package libzstd-dev "
      "(./dev build does).")
  endif()
  message(STATUS "zstd: ${ARCTRM_ZSTD_LIBRARY}")
  add_library(arctrm_zstd UNKNOWN IMPORTED GLOBAL)
  set_target_properties(arctrm_zstd PROPERTIES
    IMPORTED_LOCATION "${ARCTRM_ZSTD_LIBRARY}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${ARCTRM_ZSTD_INCLUDE}")
endif()

find_package(CLI11 QUIET)
arctrm_header_only(CLI11::CLI11 CLI/CLI.hpp libcli11-dev)
arctrm_need(CLI11 libcli11-dev ${github}/CLIUtils/CLI11 v2.4.2
  TARGETS CLI11::CLI11)
find_package(nlohmann_json QUIET)
arctrm_header_only(nlohmann_json::nlohmann_json nlohmann/json.hpp
  nlohmann-json3-dev)
arctrm_need(nlohmann_json nlohmann-json3-dev ${github}/nlohmann/json v3.11.3
  TARGETS nlohmann_json::nlohmann_json)

if(ARCTRM_BUILD_TESTS)
  arctrm_need(GTest libgmock-dev ${github}/google/googletest v1.15.2
    TARGETS GTest::gmock)
endif()
if(ARCTRM_BUILD_BENCH)
  arctrm_need(benchmark libbenchmark-dev ${github}/google/benchmark v1.9.0
    TARGETS benchmark::benchmark)
endif()
