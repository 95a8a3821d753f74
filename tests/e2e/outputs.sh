#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks that commands with a model don't overwrite trainings, best weights, files
# of runs, and outputs of other processes.
# usage: outputs.sh ARCTRM WORK_DIR
. "$(dirname "$0")/scratch.sh"
arctrm=$1
enter "$2"
small=(--threads 1 --device cpu --quiet --set train.batch=8
  --set train.warmup_steps=5 --set train.learning_rate=0.003
  --set train.ema=0.9 --set model.hidden=32 --set model.heads=2 --set model.H_cycles=1 --set model.L_cycles=1
  --set model.halt_max_steps=2 --set model.puzzle_prefix=2)

cat >c.json <<'TASKS'
{"a": {"train": [{"input": [[1, 2]], "output": [[2, 1]]},
                 {"input": [[3, 0]], "output": [[0, 3]]},
                 {"input": [[5, 6]], "output": [[6, 5]]}],
       "test": [{"input": [[7, 8]]}]}}
TASKS
run=(run --challenges c.json --augmentations 2 "${small[@]}")
train=(train --dataset data "${small[@]}")
puzzle=(puzzle train sudoku --train p.csv --augmentations 1 --steps 3
  "${small[@]}")
long=(--steps 1000000)
done_by augment --challenges c.json --augmentations 2 --out data
done_by puzzle generate sudoku --size 4 --count 20 --out p.csv
done_by "${run[@]}" --steps 60 --out s.json --report s.html
done_by "${train[@]}" --steps 3 --out m
done_by "${train[@]}" --steps 3 --out q.best
done_by "${puzzle[@]}" --out z.best
files=s.json.run

# The folder of the best weights on held-out pairs and puzzles.
held_out=(--set run.held_out=1)
refused q.best "${train[@]}" --steps 3 --out q "${held_out[@]}"
rm -r q.best.run
refused q.best "${train[@]}" --steps 3 --out q "${held_out[@]}"
refused z.best "${puzzle[@]}" --out z --held-out 4
rm -r z.best.run
refused z.best "${puzzle[@]}" --out z --held-out 4
refused 'an input' "${train[@]}" --steps 3 --out data

# The files of a run, and its work folder.
refused "$files" "${train[@]}" --steps 3 --out n --work "$files"
refused 'another job' "${train[@]}" --steps 3 --out n --work "$files" --resume
refused "$files" "${puzzle[@]}" --out n --work "$files"
refused 'another --work' "${run[@]}" --steps 60 --out t.json --work m.run
refused "$files" checkpoint export m --out "$files/checkpoint"
refused "$files" checkpoint average m --out "$files/checkpoint"
refused "$files" checkpoint import m/model.safetensors \
  --out "$files/checkpoint" "${small[@]:5}"
refused "$files" "${train[@]}" --steps 3 --out "$files/checkpoint"
refused '--overwrite' predict --checkpoint m --challenges c.json \
  --out "$files/ballots.zst" --threads 1 --device cpu --quiet
refused s.html "${run[@]}" --steps 60 --out t.json --report s.html
refused s.json "${run[@]}" --steps 60 --out s.json --work other
cp -r "$files" moved
cp s.json voted.json
refused voted.json "${run[@]}" --steps 60 --out voted.json --work moved --resume
done_by "${run[@]}" --steps 60 --out s.json --resume

# Weights of a finished training.
done_by checkpoint export m --out weights
for command in 'checkpoint export m' 'checkpoint average m'; do
  # shellcheck disable=SC2086
  refused weights $command --out weights
done
done_by checkpoint export m --out weights --overwrite

# Outputs of a running training and a running run.
"$arctrm" "${train[@]}" "${long[@]}" --out live --work w \
  --set train.checkpoint_interval_s=600 >/dev/null 2>&1 &
training=$!
"$arctrm" "${run[@]}" "${long[@]}" --out live.json --work v >/dev/null 2>&1 &
running=$!
for _ in $(seq 200); do
  [[ -e w/metrics.csv && -e v/metrics.csv ]] && break
  sleep 0.1
done
# locked PID COMMAND…: expects exit code 2 and the process in the output.
locked() {
  local pid=$1 status=0 said
  shift
  said=$("$arctrm" "$@" 2>&1) || status=$?
  if [[ $status != 2 || $said != *"process $pid"* ]]; then
    echo "arctrm $*: exit $status, expected 2 and process $pid; it said:"
    echo "$said"
    bad=1
  fi
}
locked "$training" checkpoint export m --out live/ --overwrite
locked "$training" checkpoint average m --out live
locked "$training" augment --challenges c.json --out ./live --overwrite
locked "$training" "${train[@]}" --steps 3 --out live --work x --overwrite
locked "$training" "${puzzle[@]}" --out live2 --work w --overwrite
locked "$running" "${run[@]}" --steps 60 --out live.json --work x --overwrite
locked "$running" checkpoint export m --out v/checkpoint --overwrite
locked "$running" vote --ballots "$files/ballots.zst" --challenges c.json \
  --out live.json --overwrite
[[ -e x ]] && echo "a refused command made its work folder" && bad=1
kill "$training" "$running"
wait "$training" "$running"
done_by checkpoint info live

# Results in the folder of the tasks.
mkdir tasks
printf '%s' '{"train": [{"input": [[1]], "output": [[2]]}, {"input": [[3]],
  "output": [[4]]}], "test": [{"input": [[5]]}]}' >tasks/t.json
among=(run --challenges tasks --augmentations 1 --steps 20 --out tasks/s.json
  --report tasks/r.html "${small[@]}")
done_by "${among[@]}"
refused 'finished run' "${among[@]}"
done_by "${among[@]}" --resume
done_by "${among[@]}" --overwrite

# The next command removes the leftovers of a killed run.
"$arctrm" "${run[@]}" "${long[@]}" --out killed.json >/dev/null 2>&1 &
running=$!
for _ in $(seq 200); do
  [[ -e killed.json.run/metrics.csv ]] && break
  sleep 0.1
done
kill -KILL "$running"
wait "$running" 2>/dev/null
done_by vote --ballots "$files/ballots.zst" --challenges c.json --out after.json
left=$(find . -maxdepth 1 -name '.arctrm-*')
[[ -n $left ]] && echo "left: $left" && bad=1
exit $bad
