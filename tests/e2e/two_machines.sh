#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two machines train together with the environments of torchrun and srun: two
# network namespaces with a cable between them. The weights equal those of one
# process. After the loss of a machine both ranks end in order, and each machine
# can resume alone. Needs root or unprivileged user namespaces.
# usage: two_machines.sh ARCTRM WORK_DIR
# Exit codes: 0 passed, 1 failed, 77 skipped.
if [[ ${ARCTRM_TWO_MACHINES:-} != inside ]]; then
  # All namespaces vanish with this script.
  apart=(unshare --net --mount --propagation private)
  [[ $(id -u) == 0 ]] || apart+=(--map-root-user)
  if ! why=$("${apart[@]}" bash -c 'mount -t tmpfs tmpfs /run &&
      ip netns add one && ip netns exec one true &&
      ip link add name left type veth peer name right' 2>&1)
  then
    echo "skipped: network namespaces are not permitted here: $why"
    exit 77
  fi
  export ARCTRM_TWO_MACHINES=inside
  exec "${apart[@]}" bash "$0" "$@"
fi
. "$(dirname "$0")/scratch.sh"
arctrm=$1
enter "$2"
unset RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT

mount -t tmpfs tmpfs /run
address=(10.77.0.1 10.77.0.2)
machine=(one two)
cable=(left right)
ip netns add one
ip netns add two
ip link add name left netns one type veth peer name right netns two
for i in 0 1; do
  ip -n "${machine[i]}" addr add "${address[i]}/24" dev "${cable[i]}"
  ip -n "${machine[i]}" link set lo up
  ip -n "${machine[i]}" link set "${cable[i]}" up
done

say() { echo "$*"; bad=1; }

# start RANK OUT [options]: trains as this rank in the background; rank 0 listens
# on machine `master`. Its pid is in `pid`.
master=0
start() {
  local rank=$1 out=$2
  shift 2
  start_command "$rank" "$out" train --out "$out" "${common[@]}" "$@"
}
start_command() {
  local rank=$1 out=$2
  shift 2
  ip netns exec "${machine[$(((rank + master) % 2))]}" \
    env RANK="$rank" WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 \
    MASTER_ADDR="${address[master]}" MASTER_PORT=29500 \
    ARCTRM_OPERATION_TIMEOUT=2 "$arctrm" "$@" --threads 1 \
    >"$out.rank$rank" 2>&1 &
  pid[rank]=$!
}

# ended RANK OUT CODE WORDS…: waits for the rank and checks how it ended.
ended() {
  local rank=$1 out=$2 code=$3 status=0 said words
  shift 3
  wait "${pid[rank]}" || status=$?
  said=$(<"$out.rank$rank")
  [[ $status == "$code" ]] ||
    say "rank $rank of $out: exit $status, expected $code; it said: $said"
  for words in "$@"; do
    [[ $said == *"$words"* ]] ||
      say "rank $rank of $out did not say \"$words\", but: $said"
  done
}

# checkpoint OUT: waits until OUT has a checkpoint.
checkpoint() {
  local try
  for ((try = 0; try < 300; ++try)); do
    [[ -e $1/checkpoint.json ]] && return
    sleep 0.1
  done
  say "no checkpoint in $1"
}

same_weights() {
  cmp "$1/model.safetensors" "$2/model.safetensors" ||
    say "the weights of $1 and $2 differ"
}

pair='{"input":[[1,2]],"output":[[2,1]]}'
echo "{\"a\":{\"train\":[$pair,$pair,$pair],\"test\":[{\"input\":[[3,4]]}]}}" \
  >tasks.json
done_by augment --challenges tasks.json --out data --augmentations 8 --quiet
common=(--dataset data --device cpu --quiet --set model.hidden=16
  --set model.heads=2 --set train.batch=8 --set train.fit_canvas=off
  --set train.checkpoint_interval_s=0.2 --steps "${STEPS:-150}")

# One process with two threads adds the gradients of the same halves.
done_by train --out alone --threads 2 "${common[@]}"
start 0 together
start 1 together
ended 0 together 0 'checkpoint together'
ended 1 together 0
same_weights alone together

# The environment of srun does the same.
tasks=()
for rank in 0 1; do
  ip netns exec "${machine[rank]}" env SLURM_STEP_NUM_TASKS=2 \
    SLURM_PROCID=$rank SLURM_LOCALID=0 SLURM_NODEID=$rank SLURM_JOB_ID=77 \
    SLURM_STEP_ID=0 SLURM_STEP_NODELIST='10.77.0.[1-2]' \
    SLURM_STEP_TASKS_PER_NODE='1(x2)' "$arctrm" train --out srun --threads 1 \
    "${common[@]}" >srun.rank$rank 2>&1 &
  tasks+=($!)
done
for rank in 0 1; do
  wait "${tasks[rank]}" || say "task $rank: $(<srun.rank$rank)"
done
same_weights alone srun

# Puzzles: rank 0 answers and scores the test.
done_by puzzle generate sudoku --size 4 --count 80 --out puzzles.csv
puzzles=(puzzle train sudoku --train puzzles.csv --test puzzles.csv --device cpu
  --held-out 10 --augmentations 0 --set model.hidden=16 --set model.heads=2
  --set train.batch=8 --steps 20 --quiet)
done_by "${puzzles[@]}" --out solver --threads 2
for rank in 0 1; do
  start_command $rank solvers "${puzzles[@]}" --out solvers
done
ended 0 solvers 0 'test puzzles: exact'
ended 1 solvers 0
same_weights solver solvers

# The cable is cut: no machine hears of the other's end.
start 0 cut
start 1 cut
checkpoint cut
ip -n two link set right down
ended 0 cut 3 'another rank is gone, or was more than 2s late' \
  'cut holds the checkpoint of step'
ended 1 cut 3 'rank 1 of 2: another rank is gone, or was more than 2s late'
ip -n two link set right up
done_by checkpoint info cut
# Machine two goes on alone.
ip netns exec two "$arctrm" train --out cut --threads 2 "${common[@]}" --resume \
  >cut.again 2>&1 || say "machine two did not resume: $(<cut.again)"
same_weights alone cut

# Rank 0 dies with its machine; then both go on, with rank 0 on the other one.
start 0 dead
start 1 dead
checkpoint dead
kill -KILL "${pid[0]}"
ended 1 dead 3 'rank 1 of 2: another rank is gone'
wait "${pid[0]}"
master=1
start 0 dead --resume
start 1 dead --resume
ended 0 dead 0 'checkpoint dead'
ended 1 dead 0
same_weights alone dead
master=0

# A signal to either machine ends both in order.
for rank in 0 1; do
  start 0 stop --overwrite
  start 1 stop --overwrite
  checkpoint stop
  kill -TERM "${pid[rank]}"
  ended 0 stop 3 'checkpoint stop'
  ended 1 stop 3
  rm -rf stop
done

# A machine that never comes.
ARCTRM_MEET_TIMEOUT=1 start 0 missing
ended 0 missing 3 'rank 1 did not connect to 10.77.0.1:29500 within 1s'
# A run is one process.
WORLD_SIZE=2 RANK=1 MASTER_PORT=29500 refused 'On several machines use' \
  run --challenges tasks.json --out s.json --steps 1
exit $bad
