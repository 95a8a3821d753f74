# SPDX-License-Identifier: MIT
# Everything for other projects: the headers as they include them, and with
# ARCTRM_INSTALL the rules of `cmake --install`.
include_guard(GLOBAL)
include(PublicHeaders)

configure_file("${PROJECT_SOURCE_DIR}/cmake/version.h.in"
  "${PROJECT_BINARY_DIR}/include/arctrm/version.h" @ONLY)
set(_folders base arc augment synthetic puzzles solver tta submission pipeline)
if(NOT PROJECT_IS_TOP_LEVEL)
  arctrm_write_public_headers("${PROJECT_SOURCE_DIR}"
    "${PROJECT_BINARY_DIR}/include/arctrm" ${_folders})
  foreach(_folder IN LISTS _folders)
    file(GLOB _headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${_folder}/*.h")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_headers})
  endforeach()
endif()
if(NOT ARCTRM_INSTALL)
  return()
endif()

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_documents "${CMAKE_INSTALL_DATAROOTDIR}/doc/arctrm")
install(FILES LICENSE THIRD_PARTY.md DESTINATION "${_documents}"
  COMPONENT programs)
if(ARCTRM_BUILD_PROGRAMS)
  # arctrm starts the arctrm-solver that is beside it.
  install(TARGETS arctrm RUNTIME COMPONENT programs)
  if(ARCTRM_WITH_TORCH)
    install(TARGETS arctrm-solver RUNTIME COMPONENT programs)
  endif()
  install(DIRECTORY recipes DESTINATION "${CMAKE_INSTALL_DATADIR}/arctrm"
    COMPONENT programs FILES_MATCHING PATTERN "*.conf")
endif()

get_property(_in_tree GLOBAL PROPERTY ARCTRM_BUILT_IN_TREE)
list(REMOVE_ITEM _in_tree CLI11 GTest benchmark)
if(_in_tree)
  list(JOIN _in_tree ", " _in_tree)
  message(STATUS "Installed are the programs alone: other projects could not "
    "find the libraries that this build makes itself (${_in_tree})")
  return()
endif()

# Those that need no LibTorch, and those that do. The names are components of
# find_package(arctrm).
set(ARCTRM_COMPONENTS base arc augment synthetic puzzles solver_api tta
  submission pipeline_api)
set(ARCTRM_TORCH_COMPONENTS "")
if(ARCTRM_WITH_TORCH)
  set(ARCTRM_TORCH_COMPONENTS solver pipeline)
endif()
set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/arctrm")
list(TRANSFORM ARCTRM_COMPONENTS PREPEND arctrm_ OUTPUT_VARIABLE _targets)
install(TARGETS ${_targets} EXPORT arctrmTargets
  ARCHIVE COMPONENT library
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT arctrmTargets NAMESPACE arctrm:: DESTINATION "${_package}"
  COMPONENT library)
if(ARCTRM_TORCH_COMPONENTS)
  list(TRANSFORM ARCTRM_TORCH_COMPONENTS PREPEND arctrm_
    OUTPUT_VARIABLE _targets)
  install(TARGETS ${_targets} EXPORT arctrmTorchTargets
    ARCHIVE COMPONENT library
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT arctrmTorchTargets NAMESPACE arctrm::
    DESTINATION "${_package}" COMPONENT library)
  install(FILES cmake/FindLibTorch.cmake DESTINATION "${_package}"
    COMPONENT library)
endif()
install(CODE "include(\"${PROJECT_SOURCE_DIR}/cmake/PublicHeaders.cmake\")
arctrm_write_public_headers(\"${PROJECT_SOURCE_DIR}\"
  \"${PROJECT_BINARY_DIR}/include/arctrm\" ${_folders})" COMPONENT library)
install(DIRECTORY "${PROJECT_BINARY_DIR}/include/arctrm"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT library)

configure_package_config_file(cmake/arctrmConfig.cmake.in
  "${PROJECT_BINARY_DIR}/arctrmConfig.cmake" INSTALL_DESTINATION "${_package}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change what other projects use.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/arctrmConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/SystemLibrary.cmake
  "${PROJECT_BINARY_DIR}/arctrmConfig.cmake"
  "${PROJECT_BINARY_DIR}/arctrmConfigVersion.cmake"
  DESTINATION "${_package}" COMPONENT library)
