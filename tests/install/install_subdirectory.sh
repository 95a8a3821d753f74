#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: install_subdirectory.sh SOURCE_DIR SCRATCH_DIR
# arctrm as a subdirectory of another project: configuring leaves that project's
# settings alone, and examples/embed builds. Only what needs no LibTorch is built:
# objects behind a precompiled header are not shared between build folders.
# SCRATCH_DIR.cmake holds settings for CMake.
set -euo pipefail
source=$1 scratch=$2
. "$source/tests/e2e/scratch.sh"
set -e
enter "$scratch"
fail() { echo "$*"; exit 1; }

# The parent sets its own build type and compiler launcher, or none.
cmake -S "$source/tests/install/parent" -B parent "-DARCTRM_SOURCE=$source" \
  -C "$scratch.cmake" -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_COMPILER_LAUNCHER=

cmake -S "$source/examples/embed" -B embed -DEMBED_ARCTRM_SOURCES=ON \
  -C "$scratch.cmake"
cmake --build embed --target embed_check
[[ ! -e embed/arctrm/arctrm ]] || fail "programs are built"

cat >challenges.json <<'JSON'
{"a1": {"train": [{"input": [[1, 2]], "output": [[2, 1]]}],
        "test": [{"input": [[3, 4]]}]}}
JSON
printf '{"a1": [{"attempt_1": [[4, 3]], "attempt_2": [[3, 4]]}]}' >valid.json
printf '{"a1": [{"attempt_1": [[4, 3]]}]}' >faulty.json
embed/embed_check challenges.json valid.json | grep -x \
  'valid: 1 of 1 test inputs answered' || fail "not valid"
embed/embed_check challenges.json faulty.json && fail "a fault is not found"
[[ $(embed/embed_check challenges.json faulty.json || true) == *attempt_2* ]] ||
  fail "the fault is not named"
