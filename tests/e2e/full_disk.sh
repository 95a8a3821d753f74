#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Full disks, signals, closed pipes and special files: submissions must be valid
# and in time. Small disks need root or user namespaces; without either that part
# is skipped.
# usage: full_disk.sh ARCTRM DIR
set -u
arctrm=$(readlink -f "$1")
work=$2
if [ "${3:-}" != inside ]; then
  rm -rf "$work"
  mkdir -p "$work"
  if ! unshare --mount true 2>/dev/null &&
    unshare --user --map-root-user --mount true 2>/dev/null; then
    exec unshare --user --map-root-user --mount "$0" "$1" "$work" inside
  elif unshare --mount true 2>/dev/null; then
    exec unshare --mount "$0" "$1" "$work" inside
  fi
fi
cd "$work" || exit 1
failures=0

cat >c.json <<'JSON'
{"a": {"train": [{"input": [[1,0],[0,2]], "output": [[2,0],[0,1]]},
                 {"input": [[3,3],[0,4]], "output": [[0,3],[4,4]]}],
       "test": [{"input": [[5,0],[6,6]]}]},
 "b": {"train": [{"input": [[1,1],[0,1]], "output": [[2,2],[0,2]]},
                 {"input": [[0,1],[1,0]], "output": [[0,2],[2,0]]}],
       "test": [{"input": [[1,0],[0,1]]}]}}
JSON
small=(--augmentations 2 --seed 5 --threads 1 --device cpu --quiet
  --set train.batch=8 --set train.warmup_steps=5
  --set train.learning_rate=0.003 --set train.checkpoint_interval_s=0.05
  --set model.hidden=32 --set model.heads=2 --set model.H_cycles=1
  --set model.L_cycles=1 --set model.halt_max_steps=2
  --set model.puzzle_prefix=2)

# say WHAT CODE EXPECTED…: expects that CODE is one of EXPECTED.
say() {
  local what=$1 code=$2
  shift 2
  for expected in "$@"; do
    [ "$code" = "$expected" ] && return
  done
  echo "$what: exit code $code, expected one of $*"
  failures=$((failures + 1))
}
fail() {
  echo "$1"
  failures=$((failures + 1))
}
valid() {
  "$arctrm" validate --challenges c.json "$2" >/dev/null ||
    fail "$1: not valid"
}
voted() {
  valid "$1" "$2"
  grep -q '"attempt_1":\[\[0\]\],"attempt_2":\[\[0\]\]' "$2" &&
    fail "$1: votes were lost"
}
run() { "$arctrm" run --challenges c.json "${small[@]}" "$@"; }

# Small disks that are full from the start or later.
mkdir disk
if mount -t tmpfs -o size=8k tmpfs disk 2>/dev/null; then
  umount disk
  for size in size=8k size=4k nr_inodes=2 nr_inodes=3 size=64k size=600k; do
    mount -t tmpfs -o $size tmpfs disk
    run --out disk/o.json --steps 40 --report disk/r.html --log disk/log \
      >/dev/null 2>warnings.txt
    say "disk of $size" $? 0
    voted "disk of $size" disk/o.json
    [ "$(grep -c 'what finds no room' warnings.txt)" = 1 ] ||
      fail "disk of $size: reported $(grep -c . warnings.txt) times"
    umount disk
  done
  mount -t tmpfs -o size=4m tmpfs disk
  run --out disk/o.json --time-limit 8s >/dev/null 2>warnings.txt &
  sleep 4
  cat /dev/zero >disk/filler 2>/dev/null
  wait $!
  say "disk full in the middle" $? 0
  voted "disk full in the middle" disk/o.json
  [ "$(grep -c . warnings.txt)" -le 4 ] || fail "disk full: too many warnings"
  [ -e disk/o.json.run/checkpoint.new ] && fail "disk full: half a checkpoint"
  umount disk
  # If a training can't save its checkpoint, the earlier checkpoint stays.
  "$arctrm" augment --challenges c.json --out data --augmentations 2 --quiet \
    >/dev/null
  mount -t tmpfs -o size=4m tmpfs disk
  "$arctrm" train --dataset data --out disk/w --time-limit 6s \
    "${small[@]:2}" >/dev/null 2>errors.txt &
  sleep 3
  cat /dev/zero >disk/filler 2>/dev/null
  wait $!
  say "train on a full disk" $? 1
  grep -q 'could not be saved' errors.txt || fail "train: no clear error"
  "$arctrm" checkpoint info disk/w >/dev/null || fail "train: checkpoint lost"
  [ "$(ls disk | grep -c new)" = 0 ] || fail "train: half a checkpoint"
  umount disk
else
  echo "skipped: no small disk can be mounted here"
fi
(ulimit -f 0; run --out q.json --steps 3 2>/dev/null; say "ulimit -f 0" $? 2)
[ -e q.json ] && fail "ulimit -f 0: left a file"
[ "$(find . -name '*probe*' | grep -c .)" = 0 ] || fail "a probe is left behind"

# Signals end a run within two seconds, also while it reads.
for signal in HUP QUIT TERM; do
  # A background job of this shell ignores SIGQUIT, so Python restores it.
  python3 - "$signal" "$arctrm" run --challenges c.json "${small[@]}" \
    --out "$signal.json" --steps 1000000 <<'PY'
import signal, subprocess, sys, time
name, command = sys.argv[1], sys.argv[2:]
run = subprocess.Popen(command, restore_signals=True, stdout=subprocess.DEVNULL)
time.sleep(2)
run.send_signal(getattr(signal, "SIG" + name))
begin = time.time()
code = run.wait(30)
sys.exit(code if time.time() - begin < 2 else 99)
PY
  say "SIG$signal" $? 3
  valid "SIG$signal" "$signal.json"
  grep -q "stopped by SIG$signal" "$signal.json.run/run.json" ||
    fail "SIG$signal: another status"
done
mkfifo fifo
timeout --preserve-status --kill-after 2 1 "$arctrm" run --challenges fifo "${small[@]}" \
  --out f.json --steps 3 2>/dev/null
say "SIGTERM while reading" $? 3
[ -e f.json ] && fail "SIGTERM while reading: left a file"

# Pipes: a closed one ends no run, inputs may be pipes, outputs may not.
"$arctrm" run --challenges c.json "${small[@]/--quiet/--log=log}" --out p.json \
  --steps 60 2>&1 | head -1 >/dev/null
say "closed pipe" "${PIPESTATUS[0]}" 0
voted "closed pipe" p.json
"$arctrm" run --challenges <(cat c.json) --out g.json --steps 40 \
  "${small[@]}" >/dev/full 2>/dev/null
say "process substitution, full standard output" $? 0
for option in --out --report --log; do
  timeout 10 "$arctrm" run --challenges c.json "${small[@]}" --out h.json \
    --steps 3 "$option" fifo 2>/dev/null
  say "$option to a FIFO" $? 2
done
[ -e h.json ] && fail "FIFO: left a file"
"$arctrm" validate --challenges /dev/zero p.json 2>/dev/null
say "an endless device" $? 2
truncate -s 8T huge.json
for file in huge.json <(yes); do
  (ulimit -v 2000000; "$arctrm" validate --challenges "$file" p.json \
    >/dev/null 2>&1; say "more than memory holds" $? 1 2)
done

[ $failures = 0 ] && echo "all checks passed"
exit $((failures > 0))
