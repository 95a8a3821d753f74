# SPDX-License-Identifier: MIT
# The libraries, each from the first place that has it:
#   1. the project that arctrm is a part of, which has its targets already
#   2. -DARCTRM_<NAME>_SOURCE_DIR=<its unpacked sources>, built in this tree
#   3. the system (Debian 12, Ubuntu 22.04 and 24.04 have packages of all)
#   4. with -DARCTRM_FETCH=ON, its repository at a pinned commit
# One line for each says which was taken. The global property
# ARCTRM_BUILT_IN_TREE lists those of 1, 2 and 4 that are built in this tree.
include_guard(GLOBAL)

option(ARCTRM_FETCH "Fetch the libraries that the system lacks" OFF)
include(FetchContent)
include(SystemLibrary)

set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_ENABLE_INSTALL OFF)
set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)
set(CLI11_BUILD_EXAMPLES OFF)
set(CLI11_BUILD_TESTS OFF)
set(INSTALL_GTEST OFF)
set(JSON_BuildTests OFF)
set(ZSTD_BUILD_PROGRAMS OFF)
set(ZSTD_BUILD_SHARED OFF)
set(ZSTD_BUILD_TESTS OFF)
# Makes option() of the libraries respect the settings above.
set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)

# Headers of libraries built in this tree don't answer for our warnings.
function(arctrm_system_headers target)
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    set(target ${aliased})
  endif()
  get_target_property(imported ${target} IMPORTED)
  get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(includes AND NOT imported)
    set_property(TARGET ${target} APPEND PROPERTY
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${includes}")
  endif()
endfunction()

# arctrm_dependency(<name> TARGETS target … PACKAGE <Debian package>
#   REPOSITORY <owner/name> COMMIT <hash> VERSION <of that commit>
#   [HEADER <file>] [LIBRARY <name>] [SUBDIR <of its CMakeLists.txt>])
# Afterwards the first target exists. HEADER and LIBRARY find what the system
# has without CMake files.
function(arctrm_dependency name)
  cmake_parse_arguments(ARG ""
    "PACKAGE;REPOSITORY;COMMIT;VERSION;HEADER;LIBRARY;SUBDIR" "TARGETS" ${ARGN})
  list(GET ARG_TARGETS 0 target)
  string(TOUPPER "${name}" NAME)
  if(TARGET ${target} AND NOT ${name}_FOUND)
    get_target_property(imported ${target} IMPORTED)
    if(NOT imported)
      set_property(GLOBAL APPEND PROPERTY ARCTRM_BUILT_IN_TREE ${name})
    endif()
    message(STATUS "${name}: from the project around arctrm")
    return()
  endif()
  set(ARCTRM_${NAME}_SOURCE_DIR "" CACHE PATH "Sources of ${name} to build")
  set(sources "${ARCTRM_${NAME}_SOURCE_DIR}")
  if(sources)
    if(NOT EXISTS "${sources}/${ARG_SUBDIR}/CMakeLists.txt")
      message(FATAL_ERROR "ARCTRM_${NAME}_SOURCE_DIR=${sources}: no "
        "CMakeLists.txt there. Give the unpacked sources of ${name}.")
    endif()
    FetchContent_Declare(${name} SOURCE_DIR "${sources}"
      SOURCE_SUBDIR "${ARG_SUBDIR}")
    FetchContent_MakeAvailable(${name})
    arctrm_system_headers(${target})
    set_property(GLOBAL APPEND PROPERTY ARCTRM_BUILT_IN_TREE ${name})
    message(STATUS "${name}: built from ${sources}")
    return()
  endif()

  find_package(${name} QUIET)
  if(TARGET ${target})
    message(STATUS "${name} ${${name}_VERSION}: from the system")
    return()
  endif()
  if(ARG_HEADER)
    arctrm_system_library(${name} ${target} HEADER ${ARG_HEADER}
      LIBRARY ${ARG_LIBRARY})
    if(TARGET ${target})
      message(STATUS "${name}: from the system, ${ARCTRM_${NAME}_INCLUDE} "
        "${ARCTRM_${NAME}_LIBRARY}")
      return()
    endif()
  endif()

  if(ARCTRM_FETCH)
    message(STATUS "${name} ${ARG_VERSION}: fetching commit ${ARG_COMMIT}")
    FetchContent_Declare(${name}
      GIT_REPOSITORY https://github.com/${ARG_REPOSITORY}
      GIT_TAG ${ARG_COMMIT}
      SOURCE_SUBDIR "${ARG_SUBDIR}")
    FetchContent_MakeAvailable(${name})
    arctrm_system_headers(${target})
    set_property(GLOBAL APPEND PROPERTY ARCTRM_BUILT_IN_TREE ${name})
    return()
  endif()
  message(FATAL_ERROR "${name} not found. Install the package ${ARG_PACKAGE} "
    "(./dev build does); or give its sources, -DARCTRM_${NAME}_SOURCE_DIR=...; "
    "or let them be fetched, -DARCTRM_FETCH=ON (release ${ARG_VERSION}).")
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

arctrm_dependency(absl TARGETS absl::status PACKAGE libabsl-dev
  REPOSITORY abseil/abseil-cpp VERSION 20240722.0
  COMMIT 4447c7562e3bc702ade25105912dce503f0c4010)
# Debian describes the shared libraries alone to CMake, but has the archives
# beside them: with these the programs run where no Abseil is installed. The
# targets of another project stay as they are.
set(imported "")
if(PROJECT_IS_TOP_LEVEL)
  get_directory_property(imported IMPORTED_TARGETS)
endif()
foreach(target IN LISTS imported)
  if(NOT target MATCHES "^absl::")
    continue()
  endif()
  get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
  foreach(configuration IN LISTS configurations)
    get_target_property(shared ${target} IMPORTED_LOCATION_${configuration})
    string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${shared}")
    if(archive STREQUAL shared OR NOT EXISTS "${archive}")
      continue()
    endif()
    set_target_properties(${target} PROPERTIES
      IMPORTED_LOCATION_${configuration} "${archive}"
      IMPORTED_SONAME_${configuration} "")
    # What only the shared library had to know, the program now links itself.
    get_target_property(needs ${target}
      IMPORTED_LINK_DEPENDENT_LIBRARIES_${configuration})
    if(needs)
      set_property(TARGET ${target} APPEND PROPERTY
        INTERFACE_LINK_LIBRARIES "${needs}")
    endif()
  endforeach()
endforeach()

arctrm_dependency(simdjson TARGETS simdjson::simdjson PACKAGE libsimdjson-dev
  REPOSITORY simdjson/simdjson VERSION 3.10.1
  COMMIT e341c8b43861b43de29c48ab65f292d997096953)

if(ARCTRM_ZSTD_SOURCE_DIR)
  set(zstd_target libzstd_static)
else()
  find_package(zstd QUIET)
  set(zstd_target arctrm_zstd_system)
  foreach(candidate IN ITEMS zstd::libzstd_static zstd::libzstd_shared)
    if(TARGET ${candidate})
      set(zstd_target ${candidate})
      break()
    endif()
  endforeach()
  if(ARCTRM_FETCH AND NOT TARGET ${zstd_target})
    set(zstd_target libzstd_static)
  endif()
endif()
arctrm_dependency(zstd TARGETS ${zstd_target} PACKAGE libzstd-dev
  HEADER zstd.h LIBRARY zstd
  REPOSITORY facebook/zstd VERSION 1.5.6 SUBDIR build/cmake
  COMMIT 794ea1b0afca0f020f4e57b6732332231fb23c70)
arctrm_name_library(arctrm::zstd ${zstd_target})

# Its own CMake files name the target otherwise than CMake's FindZLIB does.
if(ARCTRM_ZLIB_SOURCE_DIR)
  set(zlib_target zlibstatic)
else()
  find_package(ZLIB QUIET)
  set(zlib_target ZLIB::ZLIB)
  if(ARCTRM_FETCH AND NOT TARGET ZLIB::ZLIB)
    set(zlib_target zlibstatic)
  endif()
endif()
arctrm_dependency(ZLIB TARGETS ${zlib_target} PACKAGE zlib1g-dev
  REPOSITORY madler/zlib VERSION 1.3.1
  COMMIT 51b7f2abdade71cd9bb0e7a373ef2610ec6f9daf)
arctrm_name_library(arctrm::zlib ${zlib_target})
# zlib's own CMake files leave its headers to whoever links it.
if(zlib_target STREQUAL "zlibstatic")
  FetchContent_GetProperties(ZLIB)
  target_include_directories(arctrm::zlib SYSTEM INTERFACE
    "${zlib_SOURCE_DIR}" "${zlib_BINARY_DIR}")
endif()

if(ARCTRM_BUILD_PROGRAMS OR ARCTRM_BUILD_BENCH)
  arctrm_dependency(CLI11 TARGETS CLI11::CLI11 PACKAGE libcli11-dev
    HEADER CLI/CLI.hpp REPOSITORY CLIUtils/CLI11 VERSION 2.4.2
    COMMIT 6c7b07a878ad834957b98d0f9ce1dbe0cb204fc9)
endif()
arctrm_dependency(nlohmann_json TARGETS nlohmann_json::nlohmann_json
  PACKAGE nlohmann-json3-dev HEADER nlohmann/json.hpp
  REPOSITORY nlohmann/json VERSION 3.11.3
  COMMIT 9cca280a4d0ccf0c08f47a99aa71d1b0e52f8d03)

if(ARCTRM_BUILD_TESTS)
  arctrm_dependency(GTest TARGETS GTest::gmock
    PACKAGE "libgmock-dev and libgtest-dev"
    REPOSITORY google/googletest VERSION 1.15.2
    COMMIT b514bdc898e2951020cbdca1304b75f5950d1f59)
endif()
if(ARCTRM_BUILD_BENCH)
  arctrm_dependency(benchmark TARGETS benchmark::benchmark
    PACKAGE libbenchmark-dev
    REPOSITORY google/benchmark VERSION 1.9.0
    COMMIT 12235e24652fc7f809373e7c11a5f73c5763fc4c)
endif()

# The project around arctrm links what its libraries link.
if(NOT PROJECT_IS_TOP_LEVEL)
  get_directory_property(imported IMPORTED_TARGETS)
  foreach(target IN LISTS imported)
    set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL ON)
  endforeach()
endif()
