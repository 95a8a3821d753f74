#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: two_processes.sh STEP_TIME [options of step_time]
# Compares the samples per second of two single-threaded processes and of one, with
# the same global batch: the median step of three alternating rounds. Needs two idle
# cores and Gloo.
set -euo pipefail
step_time=${1:?usage: two_processes.sh STEP_TIME [options of step_time]}
shift
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=1
unset RANK WORLD_SIZE MASTER_ADDR MASTER_PORT LOCAL_RANK
port=$((20000 + $$ % 10000))

median() { sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

one() { "$step_time" --device cpu --threads 1 "$@" | median; }

two() {
  local status=0
  port=$((port + 1))
  export WORLD_SIZE=2 MASTER_PORT=$port
  RANK=1 "$step_time" --device cpu --threads 1 "$@" &
  RANK=0 "$step_time" --device cpu --threads 1 "$@" | median || status=$?
  wait $! || status=$?
  unset WORLD_SIZE MASTER_PORT
  return "$status"
}

singles=()
pairs=()
for round in 1 2 3; do
  singles+=("$(one "$@")")
  pairs+=("$(two "$@")")
  echo "round $round: one process ${singles[-1]} s/step, two ${pairs[-1]}" \
    "s/step" >&2
done
awk -v one="$(printf '%s\n' "${singles[@]}" | median)" \
  -v two="$(printf '%s\n' "${pairs[@]}" | median)" \
  'BEGIN { printf "two processes: %.2f times the samples/s of one\n", one / two }'
