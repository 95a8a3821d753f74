#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Kills runs at random moments. Every submission must be valid, and a resumed run
# must end with the same bytes as an undisturbed one.
# usage: kill.sh ARCTRM WORK_DIR [TRIES] [SEED] [DEVICE] [STEPS]
set -euo pipefail
arctrm=$1
work=$2
tries=${3:-6}
RANDOM=${4:-1}
device=${5:-cpu}
steps=${6:-150}
rm -rf "$work"
mkdir -p "$work"
cd "$work"

cat >c.json <<'JSON'
{"a": {"train": [{"input": [[1,0,2],[0,2,1]], "output": [[2,0,1],[1,2,0]]},
                 {"input": [[3,3,0],[0,4,4]], "output": [[0,3,3],[4,4,0]]}],
       "test": [{"input": [[5,0,0],[6,6,0]]}, {"input": [[1,2,0],[0,0,3]]}]},
 "b": {"train": [{"input": [[1,1],[0,1]], "output": [[2,2],[0,2]]},
                 {"input": [[0,1],[1,0]], "output": [[0,2],[2,0]]}],
       "test": [{"input": [[1,0],[0,1]]}]}}
JSON
settings=(--challenges c.json --steps "$steps" --augmentations 3 --seed 5 --threads 1
          --device "$device" --quiet
          --set model.hidden=32 --set model.heads=2 --set model.H_cycles=1
          --set model.L_cycles=1 --set model.halt_max_steps=2
          --set model.puzzle_prefix=2 --set train.batch=8
          --set train.warmup_steps=5 --set train.learning_rate=0.003
          --set train.ema=0.9
          --set train.checkpoint_interval_s=0.05 --set run.predict_batch=2)

run() { "$arctrm" run "${settings[@]}" --out "$1" "${@:2}"; }
valid() { "$arctrm" validate --challenges c.json "$1" >/dev/null; }

start=$(date +%s%N)
run whole.json >/dev/null
span=$((($(date +%s%N) - start) / 1000000))
echo "undisturbed: $span ms"

interrupted=0 resumed=0
for ((try = 1; try <= tries; ++try)); do
  out=try$try.json
  signal=$([[ $((try % 2)) == 0 ]] && echo TERM || echo KILL)
  # Started without a shell function, so that $! is the program itself.
  "$arctrm" run "${settings[@]}" --out "$out" >/dev/null 2>&1 &
  pid=$!
  # The submission exists as soon as the inputs are read.
  while [[ ! -e $out ]] && kill -0 $pid 2>/dev/null; do sleep 0.01; done
  delay=$((RANDOM % span))
  sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
  kill -"$signal" $pid 2>/dev/null || true
  status=0
  wait $pid 2>/dev/null || status=$?
  valid "$out" || { echo "try $try ($signal): submission not valid"; exit 1; }
  if [[ $status != 0 ]]; then
    interrupted=$((interrupted + 1))
    if [[ $signal == TERM && $status != 3 && $status != 143 ]]; then
      echo "try $try: exit code $status after SIGTERM, expected 3"
      exit 1
    fi
    run "$out" --resume >"$out.log" 2>&1 || {
      echo "try $try ($signal after $delay ms): resuming failed:"
      cat "$out.log"
      exit 1
    }
    resumed=$((resumed + 1))
  fi
  cmp -s whole.json "$out" || {
    echo "try $try ($signal after $delay ms): ends with another submission"
    exit 1
  }
  cmp -s whole.json.run/checkpoint/model.safetensors \
    "$out.run/checkpoint/model.safetensors" || {
    echo "try $try ($signal after $delay ms): ends with other weights"
    exit 1
  }
done
echo "$tries tries, $interrupted interrupted, $resumed resumed; all valid and" \
     "equal to the undisturbed run"
