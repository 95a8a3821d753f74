#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: sources.sh ROOT
# What holds for every source. Prints every line that breaks a rule; 1 if there
# is one.
#  * The first line is the licence.
#  * Code and texts are ASCII (comments may hold more): not every terminal and
#    log knows UTF-8.
#  * Only cli/ and the developers' programs write to standard output; base/
#    opens it where a user names it as a file.
#  * Nothing ends the process but a failed ARCTRM_CHECK, the second Ctrl-C, the
#    watchdog, an exception that nobody caught, and a child process that could
#    not become its program.
set -euo pipefail
cd "$1"

places=()
for place in base arc augment synthetic puzzles solver tta submission pipeline \
             kaggle cli bench; do
  [[ -d $place ]] && places+=("$place")
done

find "${places[@]}" -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' \) \
    -print0 | sort -z |
  LC_ALL=C xargs -0 awk '
    function broken(why) {
      printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
      bad = 1
    }
    FNR == 1 {
      if ($0 != "// SPDX-License-Identifier: MIT") broken("no licence line")
      program = FILENAME ~ /^(cli|bench)\// ||
                FILENAME == "synthetic/make_tasks.cc"
      ender = FILENAME ~ \
              /^base\/(exceptions|status|stop|subprocess|watchdog)\.cc$/
      streams = FILENAME ~ /^base\/(files|stream)\.cc$/
    }
    {
      # A comment begins at // unless a string (a web address) holds it.
      code = $0
      sub(/(^|[^:])\/\/.*/, "", code)
      if (code ~ /[^\t -~]/) broken("not ASCII")
      if (!program && !streams &&
          (code ~ /(std::cout|STDOUT_FILENO|stdout)/ ||
           code ~ /(^|[^a-zA-Z_0-9])(printf|puts|putchar)\(/)) {
        broken("standard output is for results, which cli/ prints")
      }
      if (!program && !ender &&
          code ~ /(^|[^a-zA-Z_0-9.>])(abort|exit|_exit|quick_exit|terminate)\(/) {
        broken("ends the process")
      }
    }
    END { exit bad }'
