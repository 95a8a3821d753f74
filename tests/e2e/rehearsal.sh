#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Executes a bundle's notebook as a Kaggle machine would: with the same folders, a
# read-only input and no network, with 240 tasks and minutes instead of hours. Then
# checks the submission.
# usage: rehearsal.sh BUNDLE TASKS PYTHON WORK_DIR [NAME=VALUE …]
#   BUNDLE   the output of `arctrm bundle`: dataset/ and notebook/
#   TASKS    folder of challenges.json and solutions.json
#   PYTHON   a Python with torch, nbclient and ipykernel, as in Kaggle's image
#   NAME=VALUE  settings of the notebook's first cell, as Python, e.g.
#               LIMIT='"5m"' USE_PREBUILT=False
# Needs root for mounts and a network namespace. LAYOUT=slug in the environment
# selects the older of Kaggle's two layouts. Writes executed.ipynb,
# submission.json and log.txt to WORK_DIR.
set -euo pipefail
bundle=$(readlink -f "${1:?usage: rehearsal.sh BUNDLE TASKS PYTHON WORK_DIR}")
tasks=$(readlink -f "$2")
python=$3
work=$4
shift 4
rm -rf "$work"
mkdir -p "$work"/kaggle/input "$work"/kaggle/working "$work"/tmp
work=$(readlink -f "$work")

slug=arc-prize-2025
data=$work/kaggle/input/competitions/$slug
attached=$work/kaggle/input/datasets/someone/arctrm-bundle
if [[ ${LAYOUT:-} == slug ]]; then
  data=$work/kaggle/input/$slug
  attached=$work/kaggle/input/arctrm-bundle
fi
mkdir -p "$data" "$(dirname "$attached")"
cp -r "$bundle/dataset" "$attached"
# A trial run has tasks with public solutions.
cp "$tasks/challenges.json" "$data/arc-agi_test_challenges.json"
cp "$tasks/challenges.json" "$data/arc-agi_training_challenges.json"
cp "$tasks/solutions.json" "$data/arc-agi_training_solutions.json"

cat >"$work/execute.py" <<'PY'
import sys

import nbclient
import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
for i, cell in enumerate(notebook.cells):
    if "parameters" in cell.metadata.get("tags", []):
        values = nbformat.v4.new_code_cell("\n".join(sys.argv[3:]))
        notebook.cells.insert(i + 1, values)
        break
try:
    nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
finally:
    nbformat.write(notebook, sys.argv[2])
PY

notebook=$(ls "$bundle"/notebook/*.ipynb)
start=$(date +%s)
# The notebook runs in these namespaces.
work=$work python=$python notebook=$notebook \
  unshare --mount --net bash -s -- "$@" >"$work/log.txt" 2>&1 <<'SH' || {
set -euo pipefail
ip link set lo up
mkdir -p /kaggle
mount --bind "$work/kaggle" /kaggle
mount --bind "$work/kaggle/input" /kaggle/input
mount -o remount,bind,ro "$work/kaggle/input" /kaggle/input
! touch /kaggle/input/probe 2>/dev/null
cp "$notebook" "$work/notebook.ipynb"
cd /kaggle/working
exec env -u PYTHONPATH HOME="$work/tmp" SCRATCH="$work/tmp" "$python" \
  "$work/execute.py" "$work/notebook.ipynb" "$work/executed.ipynb" "$@"
SH
  echo "the notebook failed:"
  tail -n 20 "$work/log.txt"
  exit 1
}
echo "notebook: $(($(date +%s) - start)) s"
"$python" - "$work/executed.ipynb" <<'PY'
import sys

import nbformat

for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            for line in output.text.splitlines():
                if line.startswith("["):
                    print(line)
        elif output.output_type == "error":
            print("ERROR", output.ename, output.evalue)
            sys.exit(1)
PY
cp "$work/kaggle/working/submission.json" "$work/submission.json"
"$python" - "$work" "$data" <<'PY'
import json
import sys

with open(sys.argv[1] + "/submission.json") as file:
    submission = json.load(file)
with open(sys.argv[2] + "/arc-agi_test_challenges.json") as file:
    tasks = json.load(file)
with open(sys.argv[2] + "/arc-agi_training_solutions.json") as file:
    solutions = json.load(file)
assert submission.keys() == tasks.keys()
answered = right = outputs = 0
for name, task in tasks.items():
    assert len(submission[name]) == len(task["test"])
    for entry, solution, test in zip(submission[name], solutions[name],
                                     task["test"]):
        assert entry.keys() == {"attempt_1", "attempt_2"}
        outputs += 1
        answered += (entry["attempt_1"] != test["input"] or
                     any(map(any, entry["attempt_2"])))
        right += solution in entry.values()
print("%d tasks, %d outputs: %d answered, %d right" %
      (len(tasks), outputs, answered, right))
PY
