# SPDX-License-Identifier: MIT
# ARCTRM_GLOO_INCLUDE: the folder of Gloo's headers, or "". After FindLibTorch.
include_guard(GLOBAL)

# Gloo itself is inside libtorch_cpu; its headers no wheel has.
option(ARCTRM_WITH_GLOO "Training in several processes on CPUs, where Gloo's headers are" ON)
set(ARCTRM_GLOO_INCLUDE "")
if(ARCTRM_WITH_GLOO)
  find_path(ARCTRM_GLOO_FOUND gloo/transport/device.h)
  if(ARCTRM_GLOO_FOUND AND
     EXISTS "${ARCTRM_TORCH}/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp")
    set(ARCTRM_GLOO_INCLUDE "${ARCTRM_GLOO_FOUND}")
  endif()
endif()
if(ARCTRM_GLOO_INCLUDE)
  message(STATUS "Gloo's headers: ${ARCTRM_GLOO_INCLUDE}")
else()
  message(STATUS "Gloo's headers: none (libgloo-dev); no training in several "
    "processes on CPUs")
endif()
