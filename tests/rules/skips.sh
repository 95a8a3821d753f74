#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: skips.sh ROOT
# A test that needs CUDA may be skipped only by tests/solver/cuda_device.h, which
# lets it fail on a machine with a GPU. Prints every other GTEST_SKIP whose lines
# mention a device or a status; 1 if there is one.
set -euo pipefail
cd "$1"

find tests -type f \( -name '*.h' -o -name '*.cc' \) \
    ! -path tests/solver/cuda_device.cc -print0 | sort -z |
  LC_ALL=C xargs -0 awk '
    # A statement may be on several lines, with its condition before it.
    function check(line) {
      if (tolower(line) ~ /cuda|gpu|device|driver|kernel|status|message/) {
        printf "%s:%d: use SkipWithoutCuda of tests/solver/cuda_device.h: %s\n",
               file, number, text
        bad = 1
      }
    }
    FNR == 1 { before = ""; open = 0 }
    open { statement = statement " " $0 }
    /GTEST_SKIP\(/ {
      statement = before " " $0
      file = FILENAME
      number = FNR
      text = $0
      open = 1
    }
    open && /;[ \t]*}?[ \t]*$/ { check(statement); open = 0 }
    { before = /if \(/ ? $0 : "" }
    END { exit bad }'
