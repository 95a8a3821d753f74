# SPDX-License-Identifier: MIT
# Functions to be sourced by test scripts, which set `arctrm`. `bad` is 1 after a
# failed check.
set -uo pipefail
bad=0

# enter FOLDER: empties the folder and enters it.
enter() {
  rm -rf "$1"
  mkdir -p "$1"
  cd "$1" || exit 1
}

everything() { find . -type d -print -o -type f -exec sha256sum {} + | sort; }

# refused WORDS COMMAND…: expects exit code 2, WORDS in the output, and unchanged
# files.
refused() {
  local words=$1 status=0 said before after
  shift
  before=$(everything)
  said=$("$arctrm" "$@" 2>&1) || status=$?
  after=$(everything)
  if [[ $status != 2 || $said != *"$words"* ]]; then
    echo "arctrm $*: exit $status, expected 2 and \"$words\"; it said:"
    echo "$said"
    bad=1
  fi
  if [[ $before != "$after" ]]; then
    echo "arctrm $*: refused, but changed:"
    diff <(echo "$before") <(echo "$after")
    bad=1
  fi
}

# done_by COMMAND…: expects exit code 0.
done_by() {
  local status=0 said
  said=$("$arctrm" "$@" 2>&1) || status=$?
  if [[ $status != 0 ]]; then
    echo "arctrm $*: exit $status, expected 0; it said:"
    echo "$said"
    bad=1
  fi
}
