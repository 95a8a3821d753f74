# SPDX-License-Identifier: MIT
# The public headers as other projects include them: "arctrm/solver/train.h".
# The sources include each other as "solver/train.h", a name that other projects
# may use for files of their own, so the copies get the longer names.
# Also included by cmake_install.cmake, which sets no policies.
cmake_policy(VERSION 3.22)
include_guard(GLOBAL)

# arctrm_write_public_headers(<source> <destination> <folder> …): copies every
# header that is directly in a folder, which makes it public, and removes copies
# of headers that no longer exist. Equal copies keep their time.
function(arctrm_write_public_headers source destination)
  string(REPLACE ";" "|" folders "${ARGN}")
  foreach(folder IN LISTS ARGN)
    file(GLOB headers RELATIVE "${source}" "${source}/${folder}/*.h")
    file(GLOB copies RELATIVE "${destination}" "${destination}/${folder}/*.h")
    foreach(copy IN LISTS copies)
      if(NOT copy IN_LIST headers)
        file(REMOVE "${destination}/${copy}")
      endif()
    endforeach()
    foreach(header IN LISTS headers)
      file(READ "${source}/${header}" text)
      string(REGEX REPLACE "(#include \")((${folders})/)" "\\1arctrm/\\2" text
        "${text}")
      set(old "")
      if(EXISTS "${destination}/${header}")
        file(READ "${destination}/${header}" old)
      endif()
      if(NOT old STREQUAL text)
        file(WRITE "${destination}/${header}" "${text}")
      endif()
    endforeach()
  endforeach()
endfunction()
