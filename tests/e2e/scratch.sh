# SPDX-License-Identifier: MIT
# To be sourced: `enter FOLDER` empties that folder and goes there; `bad` counts
# what a script finds wrong.
set -uo pipefail
bad=0

enter() {
  rm -rf "$1"
  mkdir -p "$1"
  cd "$1" || exit 1
}
