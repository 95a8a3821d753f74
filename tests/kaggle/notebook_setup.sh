#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: notebook_setup.sh ARCTRM SCRATCH_FOLDER
# The notebook of a bundle, cell by cell, on stand-ins: an image with a folder
# that looks like torch, a cmake that makes a program, programs that pass their
# self-check or fail it, that end well or hang. Whatever happens, no cell may
# raise, and a valid submission.json must be there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
arctrm=$(readlink -f "$1")
root=$2
python=$(command -v python3) || { echo "no python3 here"; exit 77; }
rm -rf "$root"
mkdir -p "$root"
root=$(cd "$root" && pwd)
failed=0

# A program: `doctor` ends with $1, `kaggle run` does $2; the rest is the real
# one's.
program() {
  cat <<SH
#!/usr/bin/env bash
case \$1 in
  doctor) echo "self-check of $3 with \$LD_LIBRARY_PATH"; exit $1 ;;
  kaggle)
    while ((\$#)); do
      case \$1 in
        --out) out=\$2 ;;
        --report) report=\$2 ;;
      esac
      echo "word \$1"
      shift
    done
    $2
    ;;
  *) exec "$arctrm" "\$@" ;;
esac
SH
}

answer='{"attempt_1":[[1]],"attempt_2":[[0]]}'
# What a run does that writes a good file and then $1.
solve() {
  echo "echo '{\"aaaa0001\":[$answer,$answer]}' >\$out"
  echo "echo '<p>\"page\"</p>' >\$report"
  echo "$1"
}

# A fresh image: input, working folder, torch, a cmake that makes a program.
image() {
  rm -rf "$root/image"
  mkdir -p "$root/image"/{input/bundle,input/competitions/arc,working,scratch,bin} \
    "$root/image/site/torch/lib"
  cd "$root/image"
  touch site/torch/__init__.py site/torch/lib/libtorch_cpu.so
  echo "__version__ = '2.10.0+cu128'" >site/torch/version.py
  local task='{"train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]]},{"input":[[4]]}]}'
  echo "{\"aaaa0001\":$task}" >input/competitions/arc/arc-agi_test_challenges.json
  echo "{\"aaaa0001\":$task,\"bbbb0002\":$task}" \
    >input/competitions/arc/arc-agi_training_challenges.json
  echo '{"aaaa0001":[[[1]],[[2]]],"bbbb0002":[[[1]],[[2]]]}' \
    >input/competitions/arc/arc-agi_training_solutions.json
  program 0 "$(solve "exit 0")" compiled >bin/made
  cat >bin/cmake <<'SH'
#!/usr/bin/env bash
echo "cmake $*"
[[ $1 == --build ]] || exit 0
echo '[ 50%] Building'
mkdir -p "$2"
cp "$(dirname "$0")/made" "$2/arctrm" && chmod +x "$2/arctrm"
SH
  chmod +x bin/cmake
}

said=$root/said
: >"$said"
# The bundle with a program whose doctor ends with $1 and whose run does $2.
bundle() {
  mkdir -p "$root/programs/torch-2.10.0"
  program "$1" "$2" prebuilt >"$root/programs/torch-2.10.0/arctrm"
  echo solver >"$root/programs/torch-2.10.0/arctrm-solver"
  "$arctrm" bundle --out "$root/bundle" --source "$root/clone" --owner me \
    --third-party "$root/third" --binaries "$root/programs" --recipe nvarc \
    --accelerator none --quiet >/dev/null 2>&1 || wrong "no bundle"
  cp -r "$root/bundle/dataset/." "$root/image/input/bundle/"
  # Uploading loses what may be executed, and the input is read-only.
  chmod -R a-x,a+X,a-w "$root/image/input/bundle"
}

mkdir -p "$root/clone"/{cmake,recipes}
echo 'project(arctrm VERSION 1)' >"$root/clone/CMakeLists.txt"
touch "$root/clone"/{LICENSE,README.md,THIRD_PARTY.md}
for name in absl simdjson zstd zlib CLI11 nlohmann_json; do
  mkdir -p "$root/third/$name"
  echo x >"$root/third/$name/CMakeLists.txt"
  echo x >"$root/third/$name/LICENSE"
done

# notebook [SETTING...]: its output in `said`.
notebook() {
  (
    cd "$root/image"
    export PATH="$PWD/bin:$PATH" PYTHONPATH="$PWD/site" LD_LIBRARY_PATH=before
    "$python" "$here/run_notebook.py" "$root/bundle/notebook/arctrm.ipynb" \
      "INPUT = '$PWD/input'" "WORKING = '$PWD/working'" \
      "SCRATCH = '$PWD/scratch'" "$@"
  ) >"$said" 2>&1 || wrong "a cell raised"
}

wrong() {
  echo "$case_name: $1; the notebook said:"
  cat "$said"
  failed=1
}
says() {
  grep -qF -- "$1" "$said" || wrong "expected \"$1\""
}
silent() {
  ! grep -qF -- "$1" "$said" || wrong "did not expect \"$1\""
}
# The file: valid, and with real answers or not.
holds() {
  local file=$root/image/working/submission.json
  "$arctrm" validate --quiet --challenges \
    "$root/image/input/competitions/arc/arc-agi_test_challenges.json" "$file" \
    >/dev/null || wrong "$file is not valid"
  case $1 in
    answers) grep -q '1' <<<"$(tr -d '[:space:]' <"$file" | grep -o '\[\[1\]\]')" ||
      wrong "no answers in $file" ;;
    placeholder) ! grep -q '\[\[1\]\]' <(tr -d '[:space:]' <"$file") ||
      wrong "answers in $file" ;;
  esac
}

case_name="the program built for this torch is used"
image
bundle 0 "$(solve "exit 0")"
notebook
says "self-check of prebuilt with $root/image/site/torch/lib:before"
says "PROGRAM $root/image/scratch/prebuilt"
says "word --recipe"
says "word $root/image/input/bundle/recipe.conf"
says "these are stand-in tasks"
says "word 40m"
says "exit code 0: done"
says "2 of 2 test inputs are answered"
silent WARNING
silent Traceback
holds answers
grep -q 'srcdoc="&lt;p&gt;&quot;page&quot;&lt;/p&gt;' \
  "$root/image/display.html" || wrong "the report is not shown"

case_name="a run that counts has the whole limit"
image
bundle 0 "$(solve "exit 0")"
KAGGLE_IS_COMPETITION_RERUN=1 notebook
says "word 12h"
silent "stand-in tasks"

case_name="a failed self-check leads to compiling"
image
bundle 1 "$(solve "exit 0")"
notebook
says "the self-check failed, exit code 1"
says "self-check of compiled"
says "PROGRAM $root/image/scratch/build"
holds answers
log=$root/image/scratch/logs/compile.log
for word in "-S $root/image/input/bundle/source" "--target arctrm" \
    "-DARCTRM_TORCH_ROOT=$root/image/site/torch" \
    "-DARCTRM_NLOHMANN_JSON_SOURCE_DIR=$root/image/input/bundle/third_party/nlohmann_json"; do
  grep -qF -- "$word" "$log" || wrong "cmake was not told $word"
done

case_name="another torch leads to compiling"
image
bundle 0 "$(solve "exit 0")"
echo "__version__ = '2.12.1'" >"$root/image/site/torch/version.py"
notebook
says "the dataset has no program for torch 2.12.1, only ['torch-2.10.0']"
says "PROGRAM $root/image/scratch/build"

case_name="a damaged program is not tried"
image
bundle 0 "$(solve "exit 0")"
chmod u+w "$root/image/input/bundle/prebuilt/torch-2.10.0/arctrm"
echo >>"$root/image/input/bundle/prebuilt/torch-2.10.0/arctrm"
notebook
says "WARNING: 1 files of the dataset differ from the packed ones"
says "PROGRAM $root/image/scratch/build"
silent "self-check of prebuilt"

case_name="neither built nor compiled"
image
bundle 1 "$(solve "exit 0")"
printf '#!/bin/sh\necho "no such header"; exit 1\n' >"$root/image/bin/cmake"
notebook
says "compiling failed, exit code 1"
says "no such header"
says "STOPPED EARLY"
says "nothing to run"
says "PROGRAM None"
holds placeholder

case_name="no torch in the image"
image
bundle 0 "$(solve "exit 0")"
rm -r "$root/image/site/torch/lib"
notebook
says "this image has no torch"
says "STOPPED EARLY"
holds placeholder

case_name="the dataset is not attached"
image
notebook
says "NO PROGRAM"
says "Attach the dataset me/arctrm-bundle"
holds placeholder

case_name="the competition is not attached"
image
bundle 0 "$(solve "exit 0")"
rm -r "$root/image/input/competitions"
notebook
says "NO TASKS"
says "STOPPED EARLY"
silent Traceback

case_name="a run that fails after a valid file keeps it"
image
bundle 0 "$(solve "exit 1")"
notebook
says "exit code 1: a failure"
says "2 of 2 test inputs are answered"
holds answers

case_name="a run that is killed keeps the file, and is called again"
image
bundle 0 "$(solve '[[ -e $out.dead ]] || { touch $out.dead; kill -9 $$; }')"
notebook
says "exit code -9: a failure"
says "exit code 0: done"
holds answers

case_name="a run that dies whenever it is called is given up"
image
bundle 0 "$(solve 'kill -9 $$')"
notebook
[[ $(grep -cF "exit code -9: a failure" "$said") == 3 ]] || wrong "not three attempts"
holds answers

case_name="a file that is not valid gives way to a placeholder"
image
bundle 0 "echo '{\"aaaa0001\":[]}' >\$out; exit 0"
notebook
says "is not valid; a placeholder replaces it"
says "0 of 2 test inputs are answered"
holds placeholder
[[ -e $root/image/scratch/refused.json ]] || wrong "the refused file is gone"

case_name="a run that hangs is ended, and so is what it left"
image
bundle 0 "$(solve 'echo hanging; sleep 287 & sleep 287')"
notebook "LIMIT = TRIAL_LIMIT = '3s'" "SAFETY = '1s'"
says hanging
says "exit code -15: a failure"
holds answers
! pgrep -f "^sleep 287$" >/dev/null || wrong "a child is left"

((failed)) || echo "the notebook keeps a valid file in all cases"
chmod -R u+w "$root"
rm -rf "$root"
exit $failed
