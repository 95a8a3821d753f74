#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: includes.sh ROOT
# Who may include whom. Prints every line that breaks a rule; 1 if there is one.
#  * A folder includes only from itself and from the folders that stand before
#    it in ROOT/CMakeLists.txt; nothing outside tests/ includes from tests/.
#  * A header in a subfolder is private to its top-level folder X, to tests/X/ and
#    to bench/; a header directly in X is public and includes none of these.
#  * Subfolders of solver/ include only from subfolders that stand before them in
#    the list below.
#  * LibTorch's headers are for these folders but kernels/, for their tests and
#    for bench/.
set -euo pipefail
cd "$1"

mapfile -t folders < <(
  sed -n 's/^ *add_subdirectory(\([a-z_]*\)).*/\1/p' CMakeLists.txt |
    grep -vx -e tests -e bench)
((${#folders[@]} > 0)) || { echo "CMakeLists.txt names no folders"; exit 1; }
places=()
for place in "${folders[@]}" tests bench; do
  [[ -d $place ]] && places+=("$place")
done

find "${places[@]}" -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' \) \
    -print0 | sort -z |
  xargs -0 awk -v folders="${folders[*]}" '
    BEGIN {
      count = split(folders, names, " ")
      for (i = 1; i <= count; ++i) rank[names[i]] = i
      split("kernels device distributed nn checkpoint predict train", names, " ")
      for (i in names) part[names[i]] = i
    }
    function broken(why) {
      printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
      bad = 1
    }
    FNR == 1 {
      split(FILENAME, at, "/")
      folder = at[1]
      # The folder whose private headers this file may see.
      home = folder == "tests" ? at[2] : folder
    }
    /^[ \t]*#[ \t]*include[ \t]*</ {
      if ($0 ~ /<(torch|ATen|c10|caffe2)\// && folder != "bench" &&
          FILENAME !~ /^tests\/solver\// &&
          !(folder == "solver" && at[2] in part && at[2] != "kernels")) {
        broken("LibTorch outside the folders of solver")
      }
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
      path = $0
      sub(/^[^"]*"/, "", path)
      sub(/".*/, "", path)
      split(path, to, "/")
      if (to[1] == "tests" && folder != "tests") {
        broken("a test header outside tests")
      }
      if (!(to[1] in rank)) next
      if (folder in rank && rank[to[1]] > rank[folder]) {
        broken(folder " stands before " to[1])
      }
      if (3 in to && home != to[1] && folder != "bench") {
        broken("private to " to[1])
      }
      if (3 in to && folder in rank && !(3 in at) && at[2] ~ /\.h$/) {
        broken("a private header in a public one")
      }
      if (folder == "solver" && to[1] == "solver" && at[2] in part &&
          to[2] in part && part[to[2]] + 0 > part[at[2]] + 0) {
        broken("solver/" at[2] " stands before solver/" to[2])
      }
    }
    END { exit bad }'
