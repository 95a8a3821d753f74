#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: includes.sh ROOT
# Who may include whom. Prints every line that breaks a rule; 1 if there is one.
#  * A folder includes only from itself and from the folders that stand before
#    it in ROOT/CMakeLists.txt; nothing outside tests/ includes from tests/.
#  * A folder within a room is private to it, to tests/X/ and to bench/; a header
#    directly in a room is public and includes none of these.
#  * Folders within solver/ include only from folders that stand before them in
#    the list below.
#  * LibTorch's headers are for these folders but kernels/, for their tests and
#    for bench/.
set -euo pipefail
cd "$1"

mapfile -t rooms < <(
  sed -n 's/^ *add_subdirectory(\([a-z_]*\)).*/\1/p' CMakeLists.txt |
    grep -vx -e tests -e bench)
((${#rooms[@]} > 0)) || { echo "CMakeLists.txt names no folders"; exit 1; }
places=()
for place in "${rooms[@]}" tests bench; do
  [[ -d $place ]] && places+=("$place")
done

find "${places[@]}" -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' \) \
    -print0 | sort -z |
  xargs -0 awk -v rooms="${rooms[*]}" '
    BEGIN {
      count = split(rooms, names, " ")
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
      room = at[1]
      # The room whose private headers this file may see.
      home = room == "tests" ? at[2] : room
    }
    /^[ \t]*#[ \t]*include[ \t]*</ {
      if ($0 ~ /<(torch|ATen|c10|caffe2)\// && room != "bench" &&
          FILENAME !~ /^tests\/solver\// &&
          !(room == "solver" && at[2] in part && at[2] != "kernels")) {
        broken("LibTorch outside the folders of solver")
      }
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
      path = $0
      sub(/^[^"]*"/, "", path)
      sub(/".*/, "", path)
      split(path, to, "/")
      if (to[1] == "tests" && room != "tests") {
        broken("a test header outside tests")
      }
      if (!(to[1] in rank)) next
      if (room in rank && rank[to[1]] > rank[room]) {
        broken(room " stands before " to[1])
      }
      if (3 in to && home != to[1] && room != "bench") {
        broken("private to " to[1])
      }
      if (3 in to && room in rank && !(3 in at) && at[2] ~ /\.h$/) {
        broken("a private header in a public one")
      }
      if (room == "solver" && to[1] == "solver" && at[2] in part &&
          to[2] in part && part[to[2]] + 0 > part[at[2]] + 0) {
        broken("solver/" at[2] " stands before solver/" to[2])
      }
    }
    END { exit bad }'
