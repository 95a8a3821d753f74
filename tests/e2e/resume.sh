#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Resumed trainings: different inputs and settings are refused with both values,
# and no file changes.
# usage: resume.sh ARCTRM WORK_DIR
. "$(dirname "$0")/scratch.sh"
arctrm=$1
enter "$2"

network=(--set model.hidden=16 --set model.heads=2 --set model.H_cycles=1
  --set model.L_cycles=1 --set model.halt_max_steps=2)
some=(--threads 1 --device cpu --quiet --set train.batch=4
  --set train.warmup_steps=2)
pair='{"input":[[1,2]],"output":[[2,1]]}'
task() { echo "{\"train\":[$pair,$pair,$pair],\"test\":[{\"input\":[[$1,4]]}]}"; }
echo "{\"a\":$(task 3)}" >a.json
echo "{\"a\":$(task 5)}" >b.json
for set in a b; do
  done_by augment --challenges $set.json --out data-$set --augmentations 2 \
    --quiet
  done_by train --dataset data-$set --out w-$set --steps 2 "${some[@]}" \
    "${network[@]}"
done
done_by train --dataset data-a --out other --steps 2 --seed 9 "${some[@]}" \
  --checkpoint w-a
begun=(train --dataset data-a --out t --steps 4 "${some[@]}")
done_by "${begun[@]}" --checkpoint w-a
again=("${begun[@]}" --resume --log again.log)
refused '--checkpoint was SHA-256' "${again[@]}" --checkpoint w-b
refused 'and is not given now' "${again[@]}" "${network[@]}"
refused '--seed was "0" and is "7"' "${again[@]}" --checkpoint w-a --seed 7
refused 'train.batch was "4" and is "2"' "${again[@]}" --checkpoint w-a \
  --set train.batch=2
refused 'run.held_out was "0" and is "1"' "${again[@]}" --checkpoint w-a \
  --set run.held_out=1
refused '--dataset was SHA-256' "${again[@]/data-a/data-b}" --checkpoint w-a
# Without the work folder the resume state detects the differences.
mv t.run aside
refused '--seed was 0 and is 7' "${again[@]}" --checkpoint w-a --seed 7
refused '--checkpoint was SHA-256' "${again[@]}" --checkpoint w-b
refused 'the dataset' "${again[@]/data-a/data-b}" --checkpoint w-a
mv aside t.run
mv t aside
cp -r other t
refused 't: belongs to the run' "${again[@]}" --checkpoint w-a
rm -r t
mv aside t
# More steps are allowed.
done_by train --dataset data-a --out t --steps 6 "${some[@]}" --resume \
  --log again.log --checkpoint w-a
[[ -s again.log ]] || { echo "no log of a resumed training"; bad=1; }

# Refused runs leave no files. Logs may be in the work folder.
run=(run --challenges a.json --steps 2 --augmentations 1 "${some[@]}"
  "${network[@]}")
refused 'names a folder' "${run[@]}" --out z.json/
refused 'names a folder' "${run[@]}" --out z.json --report r.html/
refused '/dev/null: not a regular file' "${run[@]}" --out /dev/null
refused 'none.json' "${run[@]/a.json/none.json}" --out z.json --log l.log
refused 'not there' "${run[@]}" --out z.json --work n/../w
mkdir -p w z.json.run
refused 'none.json' "${run[@]/a.json/none.json}" --out z.json --work w \
  --log w/run.log
done_by "${run[@]}" --out z.json --work w --log w/run.log
done_by "${run[@]}" --out z.json --work w --log w/run.log --overwrite
[[ -s w/run.log ]] || { echo "no log in the work folder"; bad=1; }
refused 'replaced as a whole' train --dataset data-a --out data-a/. --steps 1 "${some[@]}"
refused 'replaced as a whole' train --dataset data-a --out t/. --steps 1 "${some[@]}"
refused 'no run.json' train --dataset data-a --out u --work data-b --steps 1 \
  "${some[@]}" --log l.log

for name in train test other; do
  done_by puzzle generate sudoku --size 4 --count 12 --seed ${#name} \
    --out $name.csv --quiet
done
done_by puzzle generate sudoku --size 4 --count 12 --seed 77 --out test.csv \
  --quiet --overwrite
begun=(puzzle train sudoku --train train.csv --test test.csv --out p
  --augmentations 2 "${some[@]}" --steps 4 "${network[@]}")
done_by "${begun[@]}"
again=("${begun[@]}" --resume)
done_by puzzle generate sudoku --size 6 --count 3 --out six.csv --quiet
refused 'six.csv: has puzzles of 6x6' "${again[@]/test.csv/six.csv}" --log l.log
refused '--train was SHA-256' "${again[@]/train.csv/test.csv}"
refused '--test was SHA-256' "${again[@]/test.csv/train.csv}"
refused '--augmentations was "2" and is "3"' "${again[@]/%2/3}"
refused '--seed was "0" and is "7"' "${again[@]}" --seed 7
refused '--held-out was "0" and is "2"' "${again[@]}" --held-out 2
done_by puzzle train sudoku --train train.csv --out q --steps 2 "${some[@]}" \
  "${network[@]}"
refused '--checkpoint was not given and is SHA-256' puzzle train sudoku \
  --train train.csv --test test.csv --out p --augmentations 2 "${some[@]}" \
  --steps 4 --resume --checkpoint q
done_by "${again[@]}"
exit $bad
