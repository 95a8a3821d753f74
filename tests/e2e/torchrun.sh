#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The real torchrun starts two processes that train together, and starts them
# again after one was killed. The weights equal those of one process. Skipped
# where Python can't import torch; PYTHON names another Python.
# usage: torchrun.sh ARCTRM WORK_DIR
# Exit codes: 0 passed, 1 failed, 77 skipped.
python=${PYTHON:-python3}
if ! why=$("$python" -W ignore -c 'import torch.distributed.run' 2>&1); then
  echo "skipped: $python can't import torch.distributed.run: ${why##*$'\n'}"
  exit 77
fi
. "$(dirname "$0")/scratch.sh"
arctrm=$1
enter "$2"
unset RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE MASTER_ADDR MASTER_PORT

pair='{"input":[[1,2]],"output":[[2,1]]}'
echo "{\"a\":{\"train\":[$pair,$pair,$pair],\"test\":[{\"input\":[[3,4]]}]}}" \
  >tasks.json
done_by augment --challenges tasks.json --out data --augmentations 8 --quiet
# The command line of the processes, which a restarted one resumes.
cat >train.sh <<TRAIN
#!/usr/bin/env bash
resume=
[[ -e \$1/checkpoint.json ]] && resume=--resume
exec "$arctrm" train --out "\$1" --threads "\$2" --dataset data --device cpu \
  --quiet --set model.hidden=16 --set model.heads=2 --set train.batch=8 \
  --set train.fit_canvas=off --set train.checkpoint_interval_s=0.2 \
  --steps 300 \$resume
TRAIN
torchrun=("$python" -W ignore -m torch.distributed.run --nproc-per-node=2)

# run OUT [options of torchrun]: exit code 0 and the weights of one process.
bash train.sh alone 2 || exit 1
check() {
  local out=$1 status=0
  wait "$2" || status=$?
  if [[ $status != 0 ]] ||
    ! cmp alone/model.safetensors "$out/model.safetensors"; then
    echo "torchrun for $out: exit $status, or other weights: $(<"$out.log")"
    bad=1
  fi
}

"${torchrun[@]}" --no-python bash train.sh static 1 >static.log 2>&1 &
check static $!
"${torchrun[@]}" --standalone --no-python bash train.sh standalone 1 \
  >standalone.log 2>&1 &
check standalone $!
"${torchrun[@]}" --max-restarts=1 --no-python bash train.sh killed 1 \
  >killed.log 2>&1 &
launcher=$!
for ((try = 0; try < 600; ++try)); do
  [[ -e killed/checkpoint.json ]] && break
  sleep 0.05
done
# A rank: the last child of the launcher.
children=($(<"/proc/$launcher/task/$launcher/children"))
kill -KILL "${children[-1]}"
check killed $launcher
grep -q 'killed holds the checkpoint of step' killed.log ||
  { echo "no rank was lost: $(<killed.log)"; bad=1; }
exit $bad
