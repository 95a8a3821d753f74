#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/fuzz/run.sh [SECONDS] [TARGET…]
# Builds the fuzz targets (preset fuzz, clang) and runs each for SECONDS
# (default 120) from its seeds, two at a time. Finds stay in
# build/fuzz/finds/; exit 1 if there is one.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
seconds=${1:-120}
shift || true
targets=("$@")
((${#targets[@]} > 0)) ||
  targets=(json unpack csv shard safetensors pickle zip ballots run resume)

cmake --preset fuzz >/dev/null
cmake --build build/fuzz -j "$(nproc)" \
  --target "${targets[@]/%/_fuzz}" | tail -n 1
finds=$PWD/build/fuzz/finds
mkdir -p "$finds"

fuzz() {
  local corpus=build/fuzz/corpus/$1 log=build/fuzz/$1.log
  mkdir -p "$corpus"
  "build/fuzz/tests/fuzz/$1_fuzz" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -max_len=20000 -print_final_stats=1 \
    -artifact_prefix="$finds/$1-" "$corpus" "tests/fuzz/$1" >"$log" 2>&1
}

failed=0
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  pids=()
  for target in "${targets[@]:i:2}"; do
    fuzz "$target" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
done
for target in "${targets[@]}"; do
  printf '%-12s %s runs, %s in the corpus\n' "$target" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log")" \
    "$(find "build/fuzz/corpus/$target" -type f | wc -l)"
done
if ((failed)) || [[ -n $(ls -A "$finds") ]]; then
  echo "finds: $(ls "$finds" | tr '\n' ' ')"
  exit 1
fi
echo "no finds"
