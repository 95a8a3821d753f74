#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Puzzles from generating to scoring, with a tiny network.
# usage: puzzle.sh ARCTRM WORK_DIR
set -euo pipefail
arctrm=$1
work=$2
rm -rf "$work"
mkdir -p "$work"
cd "$work"
small=(--threads 1 --device cpu --quiet --set model.hidden=32
       --set train.batch=16 --set train.warmup_steps=5
       --set train.decay_share=0 --set train.curriculum_share=0)
fail() { echo "$*"; exit 1; }

"$arctrm" puzzle generate sudoku --size 4 --count 300 --out train.csv
"$arctrm" puzzle generate sudoku --size 4 --count 40 --seed 1 --out test.csv
"$arctrm" puzzle train sudoku --train train.csv --test test.csv --out model \
  --steps 30 "${small[@]}" >trained.txt
grep -q '^test puzzles: exact .* of 40)' trained.txt || fail "$(cat trained.txt)"
[[ $(wc -l <model.run/metrics.jsonl) == 30 ]] || fail "metrics: $(wc -l model.run/*)"
"$arctrm" puzzle predict --checkpoint model --puzzles test.csv \
  --out answers.csv --quiet --threads 1
# The answers file has the score that the training printed.
exact=$("$arctrm" puzzle score --answers answers.csv test.csv |
  sed -n 's/^exact answers.*(\([0-9]*\))$/\1/p')
grep -q "($exact of 40)" trained.txt || fail "scores differ: $exact"
"$arctrm" checkpoint info model | grep -q 'sudoku' || fail "no kind in info"

# A resumed training gives the same bytes as an uninterrupted one.
"$arctrm" puzzle train sudoku --train train.csv --out parts --steps 12 \
  "${small[@]}" >/dev/null
"$arctrm" puzzle train sudoku --train train.csv --out parts --steps 30 \
  --resume "${small[@]}" >/dev/null
cmp model/model.safetensors parts/model.safetensors || fail "resumed differently"

# Metrics of a resumed fine-tuning continue at the saved step.
tune=(--threads 1 --device cpu --quiet --set train.batch=16
      --set train.decay_share=0 --set train.curriculum_share=0)
"$arctrm" puzzle train sudoku --train train.csv --out tuned --checkpoint model \
  --steps 8 "${tune[@]}" >/dev/null
"$arctrm" puzzle train sudoku --train train.csv --out tuned --checkpoint model \
  --steps 14 --resume "${tune[@]}" >/dev/null
[[ $(sed -n 's/^{"step":\([0-9]*\),.*/\1/p' tuned.run/metrics.jsonl |
  tr '\n' ' ') == "$(seq -s ' ' 1 14) " ]] || fail "metrics after a resume"
[[ $(wc -l <tuned.run/metrics.csv) == 15 ]] || fail "metrics.csv"

# The best weights on held-out puzzles are saved.
"$arctrm" puzzle train sudoku --train train.csv --test test.csv --out held \
  --held-out 30 --steps 20 --work elsewhere --report held.html "${small[@]}" >trained.txt 2>held.log
grep -q 'checkpoint held.best' trained.txt || fail "$(cat trained.txt)"
"$arctrm" checkpoint info held.best >/dev/null || fail "no best weights"
[[ -s elsewhere/metrics.jsonl && ! -e held.run ]] || fail "--work was not used"

grep -q '<svg class="puzzle"' held.html || fail "no puzzle in the report"
"$arctrm" report --run elsewhere --out again.html --quiet
cmp held.html again.html || fail "the report from the work folder differs"

# Mazes with a time limit.
"$arctrm" puzzle generate maze --size 7 --count 50 --out mazes.csv
"$arctrm" puzzle train maze --train mazes.csv --test mazes.csv --out maze \
  --time-limit 12s "${small[@]}" >trained.txt 2>maze.log
grep -q 'of 50)' trained.txt || fail "$(cat trained.txt maze.log)"
status=0
"$arctrm" puzzle predict --checkpoint maze --puzzles test.csv --out x.csv \
  --quiet 2>error.txt || status=$?
[[ $status == 2 && ! -e x.csv ]] || fail "a maze model answered Sudoku"
grep -q 'the model is for maze 7x7' error.txt || fail "$(cat error.txt)"
