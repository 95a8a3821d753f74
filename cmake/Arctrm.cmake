# SPDX-License-Identifier: MIT
# How a unit of this project is declared.
include_guard(GLOBAL)

add_library(arctrm_flags INTERFACE)
target_include_directories(arctrm_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(arctrm_flags INTERFACE -Wall -Wextra -Wshadow
  -Wnon-virtual-dtor -Woverloaded-virtual)
# g++ 12 takes simdjson's own temporaries for dangling once they are inlined,
# and at -O3 sees overlaps and bounds in std::string that are not there.
target_compile_options(arctrm_flags INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-dangling-pointer>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-restrict$<SEMICOLON>-Wno-array-bounds>)
if(ARCTRM_WERROR)
  target_compile_options(arctrm_flags INTERFACE -Werror)
endif()
if(ARCTRM_SANITIZE)
  target_compile_options(arctrm_flags INTERFACE
    -fsanitize=${ARCTRM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(arctrm_flags INTERFACE -fsanitize=${ARCTRM_SANITIZE})
endif()

if(ARCTRM_FUZZ)
  target_compile_options(arctrm_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# ccache, also with the precompiled header: it must then not look at the times
# of included files. Build folders share objects (CCACHE_NOHASHDIR): sources have
# absolute names, so debuggers find them all the same. Another project's build
# decides for itself.
find_program(ARCTRM_CCACHE ccache)
if(PROJECT_IS_TOP_LEVEL AND ARCTRM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_NOHASHDIR=1 ${ARCTRM_CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(arctrm_flags INTERFACE -fpch-preprocess)
endif()

# A compiler spends most of its time on headers, so it takes several sources at
# once. Without it every source must include what it needs.
option(ARCTRM_UNITY "Compile several sources at once" ${PROJECT_IS_TOP_LEVEL})
function(arctrm_unity target)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${ARCTRM_UNITY} UNITY_BUILD_BATCH_SIZE 6)
endfunction()

# arctrm_library(<folder> SRCS x.cc … [DEPS target …]): static library
# arctrm_<folder>, alias arctrm::<folder>. Programs and tests of this project
# link arctrm_flags themselves; other projects get the headers that
# cmake/PublicHeaders.cmake writes. The libraries compile alike in every build
# folder, so that ccache finds their objects.
function(arctrm_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(arctrm_${name} STATIC ${ARG_SRCS})
  add_library(arctrm::${name} ALIAS arctrm_${name})
  target_link_libraries(arctrm_${name} PRIVATE $<BUILD_INTERFACE:arctrm_flags>
    PUBLIC ${ARG_DEPS})
  target_compile_features(arctrm_${name} PUBLIC cxx_std_20)
  set(outside "$<NOT:$<BOOL:$<TARGET_PROPERTY:ARCTRM_PART>>>")
  target_include_directories(arctrm_${name} INTERFACE
    "$<BUILD_INTERFACE:$<${outside}:${PROJECT_BINARY_DIR}/include>>")
  set_target_properties(arctrm_${name} PROPERTIES EXPORT_NAME ${name}
    ARCTRM_PART ON)
  arctrm_unity(arctrm_${name})
endfunction()

# arctrm_program(<name> SRCS x.cc … [DEPS target …]): an executable in the build
# folder itself.
function(arctrm_program name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE arctrm_flags ${ARG_DEPS})
  # CMake itself leaves out a LibTorch in the source folder (.venv).
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}"
    INSTALL_RPATH_USE_LINK_PATH ON
    INSTALL_RPATH "$<$<BOOL:${ARCTRM_TORCH}>:${ARCTRM_TORCH}/lib>")
endfunction()

# arctrm_test(<name> SRCS x_test.cc … [DEPS target …] [LABELS label …]
# [TIMEOUT seconds]): one GoogleTest binary, one CTest entry, run in its own
# scratch folder. Programs that link LibTorch have the label torch and a main()
# that loads the CUDA backend before anything else.
function(arctrm_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if("torch" IN_LIST ARG_LABELS)
    list(APPEND ARG_SRCS "${PROJECT_SOURCE_DIR}/tests/testing/torch_main.cc")
  else()
    foreach(part IN ITEMS solver pipeline)
      if("arctrm::${part}" IN_LIST ARG_DEPS)
        message(FATAL_ERROR "arctrm_test(${name}): arctrm::${part} links "
          "LibTorch, so LABELS must name torch")
      endif()
    endforeach()
    list(APPEND ARG_DEPS GTest::gtest_main)
  endif()
  arctrm_test_program(${name} SRCS ${ARG_SRCS} DEPS ${ARG_DEPS})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  arctrm_test_entry(${name} COMMAND ${name}_test LABELS ${ARG_LABELS}
    TIMEOUT ${ARG_TIMEOUT} SCRATCH scratch)
endfunction()

# arctrm_test_program(<name> SRCS x_test.cc … [DEPS target …]): the GoogleTest
# binary <name>_test, without a CTest entry.
function(arctrm_test_program name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name}_test ${ARG_SRCS})
  target_link_libraries(${name}_test PRIVATE arctrm_flags ${ARG_DEPS}
    GTest::gmock GTest::gtest)
  arctrm_unity(${name}_test)
  target_compile_definitions(${name}_test PRIVATE
    ARCTRM_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/golden")
endfunction()

# arctrm_test_entry(<name> COMMAND … LABELS label … SCRATCH folder
# [TIMEOUT seconds] [ENVIRONMENT VAR=value …]): a CTest entry that runs a
# GoogleTest binary. Entries that may run at once need different scratch folders.
function(arctrm_test_entry name)
  cmake_parse_arguments(ARG "" "TIMEOUT;SCRATCH" "COMMAND;LABELS;ENVIRONMENT"
    ${ARGN})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  # What tests write stays in the build folder.
  set(scratch "${CMAKE_CURRENT_BINARY_DIR}/${ARG_SCRATCH}")
  file(MAKE_DIRECTORY "${scratch}")
  set(environment OMP_WAIT_POLICY=passive GTEST_COLOR=no
    "TEST_TMPDIR=${scratch}/" "TMPDIR=${scratch}" ${ARG_ENVIRONMENT})
  if(ARCTRM_SANITIZE STREQUAL "thread")
    # The sanitizer does not see how OpenMP orders LibTorch's own threads.
    math(EXPR ARG_TIMEOUT "4 * ${ARG_TIMEOUT}")
    list(APPEND environment OMP_NUM_THREADS=1
      "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:allocator_may_return_null=1")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}"
    TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${environment}")
endfunction()

# arctrm_fuzz(<name> SRCS x_fuzz.cc [DEPS target …]): the target <name>_fuzz over
# the seeds in tests/fuzz/<name>. A test that replays them, or with ARCTRM_FUZZ
# (clang) a libFuzzer program, which tests/fuzz/run.sh starts.
function(arctrm_fuzz name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name}_fuzz ${ARG_SRCS})
  target_link_libraries(${name}_fuzz PRIVATE arctrm_flags ${ARG_DEPS})
  set_target_properties(${name}_fuzz PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/fuzz")
  if(ARCTRM_FUZZ)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name}_fuzz PRIVATE
      "${PROJECT_SOURCE_DIR}/tests/testing/fuzz_replay.cc")
    target_link_libraries(${name}_fuzz PRIVATE arctrm::base)
    add_test(NAME fuzz_${name}
      COMMAND ${name}_fuzz "${PROJECT_SOURCE_DIR}/tests/fuzz/${name}")
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
endfunction()

# arctrm_embed(<target> HEADER <header> [NAMESPACE <namespace>]
#              FILES <variable>=<file> …): compiles text files into the target,
# each as `const char <variable>[]` in the namespace (arctrm). The header
# declares them.
function(arctrm_embed target)
  cmake_parse_arguments(ARG "" "HEADER;NAMESPACE" "FILES" ${ARGN})
  if(NOT ARG_NAMESPACE)
    set(ARG_NAMESPACE arctrm)
  endif()
  set(code "#include \"${ARG_HEADER}\"\n\nnamespace ${ARG_NAMESPACE} {\n")
  foreach(entry IN LISTS ARG_FILES)
    string(REPLACE "=" ";" entry "${entry}")
    list(GET entry 0 variable)
    list(GET entry 1 file)
    set(file "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(APPEND code
      "const char ${variable}[] = R\"embedded(\n${text})embedded\";\n")
  endforeach()
  string(APPEND code "}  // namespace ${ARG_NAMESPACE}\n")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded_${target}.cc")
  file(GENERATE OUTPUT "${source}" CONTENT "${code}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
