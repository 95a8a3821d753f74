#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: self_test.sh SCRATCH_FOLDER
# Do the rule checks find what they are there for? Plants one fault at a time in
# a small tree and looks for exactly that line in what the check prints.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$1
failed=0

small_tree() {
  rm -rf "$root"
  mkdir -p "$root"/{base,arc/internal,solver/nn,solver/kernels,cli} \
    "$root"/{bench,tests/solver,tests/arc}
  printf 'add_subdirectory(base)\nadd_subdirectory(arc)\n' \
    >"$root/CMakeLists.txt"
  printf 'add_subdirectory(solver)\nadd_subdirectory(cli)\n' \
    >>"$root/CMakeLists.txt"
  printf 'if(A)\n  add_subdirectory(tests)\n  add_subdirectory(bench)\nendif()\n' \
    >>"$root/CMakeLists.txt"
  local file
  for file in base/a.h arc/a.h arc/internal/a.h solver/a.h solver/nn/a.h \
              solver/kernels/a.h cli/a.h; do
    printf '// SPDX-License-Identifier: MIT\n' >"$root/$file"
  done
  # All of this is allowed.
  cat >"$root/solver/nn/a.cc" <<'CC'
// SPDX-License-Identifier: MIT
// See https://example.org/ … for abort() and std::cout.
#include <torch/types.h>
#include "solver/nn/a.h"
#include "solver/kernels/a.h"
#include "base/a.h"
int snprintf_result = snprintf(nullptr, 0, "x");
CC
  printf '%s\n' '// SPDX-License-Identifier: MIT' '#include <ATen/ATen.h>' \
    '#include "solver/nn/a.h"' >"$root/bench/a.cc"
  cp "$root/bench/a.cc" "$root/tests/solver/a_test.cc"
  printf '%s\n' '// SPDX-License-Identifier: MIT' \
    'if (!HasGloo()) GTEST_SKIP() << "built without Gloo";' \
    >"$root/tests/arc/a_test.cc"
  printf '%s\n' '// SPDX-License-Identifier: MIT' \
    'int main() { printf("x"); exit(2); }' >"$root/cli/main.cc"
}

check() {  # check RULE; leaves what it printed in $found
  found=$(bash "$here/$1.sh" "$root" 2>&1) && return 0 || return 1
}

clean() {
  small_tree
  if ! check "$1"; then
    echo "$1.sh complains about a tree without faults: $found"
    failed=1
  fi
}

plant() {  # plant RULE FILE LINE
  small_tree
  [[ -e $root/$2 ]] || printf '// SPDX-License-Identifier: MIT\n' >"$root/$2"
  printf '%s\n' "$3" >>"$root/$2"
  local line
  line=$(wc -l <"$root/$2")
  if check "$1" || [[ $found != "$2:$line: "* || $found == *$'\n'* ]]; then
    echo "$1.sh doesn't find  $3  in $2; it says: $found"
    failed=1
  fi
}

clean includes
plant includes base/b.cc '#include "arc/a.h"'
plant includes arc/b.h '#include "cli/a.h"'
plant includes arc/b.h ' #  include "solver/a.h"'
plant includes cli/b.cc '#include "solver/nn/a.h"'
plant includes solver/b.cc '#include "arc/internal/a.h"'
plant includes tests/arc/b_test.cc '#include "solver/nn/a.h"'
plant includes cli/b.cc '#include "solver/kernels/a.h"'
plant includes solver/b.h '#include "solver/nn/a.h"'
plant includes solver/kernels/b.cc '#include "solver/nn/a.h"'
plant includes solver/nn/b.cc '#include "solver/train/a.h"'
plant includes solver/b.cc '#include <torch/torch.h>'
plant includes solver/kernels/b.cc '#include <ATen/ATen.h>'
plant includes solver/kernels/b.cu '#include <ATen/ATen.h>'
plant includes cli/b.cc '#include <c10/core/Device.h>'
plant includes tests/arc/b_test.cc '#include <torch/types.h>'
plant includes cli/b.cc '#include "tests/testing/a.h"'

clean sources
plant sources base/b.cc 'const char* k = "naïve";'
plant sources base/b.cc '  std::cout << 1;'
plant sources base/b.cc '  printf("x");'
plant sources base/b.cc '  std::puts("x");'
plant sources arc/b.cc '  fputs("x", stdout);'
plant sources arc/b.cc '  std::abort();'
plant sources arc/b.cc 'if (bad) exit(1);'
small_tree
printf 'int a;\n' >"$root/base/b.cc"
if check sources || [[ $found != "base/b.cc:1: no licence line"* ]]; then
  echo "sources.sh doesn't find a missing licence line; it says: $found"
  failed=1
fi

clean skips
plant skips tests/solver/b_test.cc 'if (!found.ok()) GTEST_SKIP() << found.status();'
plant skips tests/solver/b_test.cc 'if (!kCudaKernels) GTEST_SKIP();'
plant skips tests/arc/b_test.cc 'if (no) GTEST_SKIP() << "no GPU here";'

rm -rf "$root"
exit $failed
