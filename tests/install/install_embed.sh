#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: install_embed.sh SOURCE_DIR BUILD_DIR SCRATCH_DIR [TORCH_DIR]
# Installs the build, then configures, builds and runs examples/embed with
# nothing but the installed files. SCRATCH_DIR.cmake holds settings for CMake.
set -euo pipefail
source=$1 build=$2 scratch=$3 torch=${4:-}
. "$source/tests/e2e/scratch.sh"
set -e
enter "$scratch"
prefix=$scratch/prefix
options=(-C "$scratch.cmake" "-DCMAKE_PREFIX_PATH=$prefix")
fail() { echo "$*"; exit 1; }

cmake --install "$build" --prefix "$prefix" >install.txt
for file in bin/arctrm share/arctrm/recipes/small.conf share/doc/arctrm/LICENSE \
            include/arctrm/version.h include/arctrm/solver/train.h; do
  [[ -e $prefix/$file ]] || fail "not installed: $file"
done
private=$(find "$prefix/include/arctrm" -mindepth 2 -type d)
[[ -z $private ]] || fail "private headers are installed: $private"
! grep -rlE '#include ["<](torch|ATen|c10)/' "$prefix/include" ||
  fail "headers above include LibTorch"
# The package must not lead back to the sources or the build folder. The LibTorch
# of the build is its default, and may lie in a .venv of the sources.
lines=$(grep -rFh -e "$source" -e "$build" "$prefix/lib/cmake" \
  "$prefix/include" || true)
[[ -z $torch ]] || lines=${lines//"$torch"/}
! grep -F -e "$source" -e "$build" <<<"$lines" ||
  fail "installed files have the lines above, which name a folder of the build"
"$prefix/bin/arctrm" --version

# All headers, without LibTorch.
ARCTRM_TORCH_ROOT=/nonexistent \
  cmake -S "$source/tests/install/headers" -B headers "${options[@]}"
cmake --build headers

cp -r "$source/examples/embed" sources
cmake -S sources -B embed "${options[@]}"
cmake --build embed

"$build/arctrm-make-tasks" --rules flip rotate --max-side 6 \
  --out-challenges challenges.json
if [[ -x embed/embed_solve ]]; then
  embed/embed_solve challenges.json trained.json checkpoint
  embed/embed_solve challenges.json submission.json checkpoint
  cmp trained.json submission.json || fail "loaded weights answer otherwise"
  embed/embed_check challenges.json submission.json | tee checked.txt
  ! grep -q ': 0 of' checked.txt || fail "nothing was answered"
else
  printf '{}' >submission.json
  ! embed/embed_check challenges.json submission.json ||
    fail "an empty submission passes"
  exit 0
fi
"$prefix/bin/arctrm" validate submission.json --challenges challenges.json
# The installed program finds LibTorch and its own solver.
"$prefix/bin/arctrm" doctor
