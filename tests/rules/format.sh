#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: format.sh ROOT
# Are all sources as clang-format 14 leaves them? Other versions differ in
# places; without that one says so and returns 77 (skipped).
set -euo pipefail
cd "$1"
program=
for name in clang-format-14 clang-format; do
  if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then
    program=$name
    break
  fi
done
if [[ -z $program ]]; then
  echo "clang-format 14 is not installed"
  exit 77
fi
places=()
for place in */; do
  case $place in
    build/ | out/) ;;
    *) places+=("$place") ;;
  esac
done
find "${places[@]}" -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' \) \
    -print0 |
  xargs -0 "$program" --dry-run -Werror
