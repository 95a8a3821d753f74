#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs on the stand-in device (tests/solver/standin/): a demo, every command with
# a model, stopped and resumed runs, and two processes.
# usage: standin.sh ARCTRM LIBRARY WORK_DIR [DEMO_LIMIT]
. "$(dirname "$0")/scratch.sh"
here=$(cd "$(dirname "$0")" && pwd)
arctrm=$1
limit=${4:-15s}
enter "$3"
fail() {
  echo "$*"
  bad=1
}

refused 'expected auto, cpu, cuda' demo --device standin
export ARCTRM_STANDIN=$2
ARCTRM_STANDIN=$PWD/none refused 'none' demo --device standin

"$arctrm" demo --device standin --time-limit "$limit" >demo.log 2>&1 ||
  [[ $? == 3 ]] || fail "the demo failed: $(cat demo.log)"
grep -q '^trained [1-9][0-9]* step' demo.log ||
  fail "the demo trained no step: $(cat demo.log)"
grep -q 'stand-in device, float32' arctrm-demo/report.html ||
  fail "the report does not name the device"
done_by validate --challenges arctrm-demo/challenges.json \
  arctrm-demo/submission.json

"$here/kill.sh" "$arctrm" kill 2 3 standin 100 || bad=1

network=(--set model.hidden=16 --set model.heads=2 --set model.H_cycles=1
  --set model.L_cycles=1 --set model.halt_max_steps=2)
some=(--threads 2 --quiet --set train.batch=4 --set train.warmup_steps=2)
tasks=kill/c.json
# Two workers with a device each; Gloo connects them.
done_by run --challenges $tasks --device standin,standin --steps 4 \
  --augmentations 1 --out two.json "${some[@]}" "${network[@]}"
done_by validate --challenges $tasks two.json
done_by augment --challenges $tasks --out data --augmentations 2 --quiet
done_by train --dataset data --device standin --out weights --steps 4 \
  "${some[@]}" "${network[@]}"
done_by predict --challenges $tasks --device standin --checkpoint weights \
  --out ballots --quiet
done_by vote --challenges $tasks --ballots ballots --out voted.json --quiet
done_by validate --challenges $tasks voted.json
done_by puzzle generate sudoku --size 4 --count 8 --out puzzles.csv --quiet
done_by puzzle train sudoku --train puzzles.csv --device standin --steps 4 \
  --out solver "${some[@]}" "${network[@]}" --set train.curriculum_share=0 \
  --set train.decay_share=0
done_by puzzle predict --checkpoint solver --puzzles puzzles.csv \
  --device standin --out answers.csv --quiet
exit $bad
