# SPDX-License-Identifier: MIT
# Libraries that the system has without CMake files, or with CMake files of
# several kinds. Installed: arctrmConfig.cmake uses it too.
include_guard(GLOBAL)

# arctrm_system_library(<name> <target> HEADER <file> [LIBRARY <name>]): makes
# the target if header and library are found.
function(arctrm_system_library name target)
  cmake_parse_arguments(ARG "" "HEADER;LIBRARY" "" ${ARGN})
  string(TOUPPER "${name}" NAME)
  find_path(ARCTRM_${NAME}_INCLUDE ${ARG_HEADER})
  mark_as_advanced(ARCTRM_${NAME}_INCLUDE)
  if(NOT ARCTRM_${NAME}_INCLUDE)
    return()
  endif()
  if(ARG_LIBRARY)
    find_library(ARCTRM_${NAME}_LIBRARY ${ARG_LIBRARY})
    mark_as_advanced(ARCTRM_${NAME}_LIBRARY)
    if(NOT ARCTRM_${NAME}_LIBRARY)
      return()
    endif()
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${ARCTRM_${NAME}_INCLUDE}")
  if(ARG_LIBRARY)
    target_link_libraries(${target} INTERFACE ${ARCTRM_${NAME}_LIBRARY})
  endif()
endfunction()

# arctrm_name_library(<name> <target> …): the imported target <name> stands for
# the first of the targets that exists.
function(arctrm_name_library name)
  if(TARGET ${name})
    return()
  endif()
  foreach(target IN LISTS ARGN)
    if(TARGET ${target})
      add_library(${name} INTERFACE IMPORTED GLOBAL)
      target_link_libraries(${name} INTERFACE ${target})
      return()
    endif()
  endforeach()
endfunction()
