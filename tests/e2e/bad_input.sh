#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Faulty puzzles and weights: expects exit code 2 and a message that names the
# fault and its place; nothing may be executed or overwritten.
# usage: bad_input.sh ARCTRM WORK_DIR GOLDEN_DIR
set -uo pipefail
arctrm=$1
work=$2
golden=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
bad=0

# refused WORDS COMMAND…: expects exit code 2 and WORDS in the output.
refused() {
  local words=$1 status=0 said
  shift
  said=$("$arctrm" "$@" --threads 1 --quiet 2>&1) || status=$?
  if [[ $status != 2 || $said != *"$words"* ]]; then
    echo "arctrm $*: exit $status, expected 2 and \"$words\"; it said:"
    echo "$said"
    bad=1
  fi
}

header=source,question,answer,rating
rows() { printf '%s\n' "$header" "$@"; }
rows 'a,1234341221434320,1234341221434321,0' 'b,123434122143432,,0' >length.csv
rows 'a,12343412214343x0,,0' >alphabet.csv
rows 'a,1234341221434320,1234341221434321' >fields.csv
rows 'a,1123341221434320,,0' >none.csv
rows 'a,................,,0' >several.csv
rows 'a,####S   ########,####Sooo########,3' >no_goal.csv
rows 'a,#####  G########,,2' >no_start.csv
rows 'a,S###########G###,,2' >no_way.csv
rows 'a,S      ## ## G  ,,2' >several_ways.csv
train=(--out out --steps 1 --device cpu)

refused 'length.csv, line 3: the question has 15' \
  puzzle train sudoku --train length.csv "${train[@]}"
refused 'alphabet.csv, line 2: character 15' \
  puzzle train sudoku --train alphabet.csv "${train[@]}"
refused 'fields.csv, line 2: 3 fields' puzzle check fields.csv
refused 'holds sudoku puzzles' puzzle train maze --train several.csv "${train[@]}"
refused 'none.csv: puzzle 1:' puzzle check none.csv
refused 'several.csv: puzzle 1: it has several solutions' \
  puzzle check several.csv
refused 'no_goal.csv: puzzle 1:' puzzle check no_goal.csv
refused 'no_start.csv: puzzle 1:' puzzle check no_start.csv
refused 'no_way.csv: puzzle 1:' puzzle check no_way.csv
refused 'several_ways.csv: puzzle 1:' puzzle check several_ways.csv
for file in no_goal no_start no_way several_ways; do
  sed 's/,,/,S      ooooo    ,/' "$file.csv" >answered.csv
  refused 'answered.csv: puzzle 1:' \
    puzzle train maze --train answered.csv "${train[@]}"
done
sed 's/,,/,1234341221434321,/' several.csv >answered.csv
refused 'answered.csv: puzzle 1: it has several solutions' \
  puzzle train sudoku --train answered.csv "${train[@]}"

# A pickle that would run a command.
mkdir kept
echo precious >kept/thesis.tex
refused 'posix.system' \
  checkpoint import "$golden/imported/hostile.pt" --out out
[[ ! -e hostile_was_here ]] || { echo "the pickle was executed"; bad=1; }
# Another network: the message names the tensor and both shapes.
refused 'inner.embed_pos' checkpoint import "$golden/imported/state_dict.pt" \
  --out out --set model.heads=2 --set model.canvas_side=5
refused 'kept' checkpoint import "$golden/imported/state_dict.pt" --out kept \
  --set model.heads=2 --set model.canvas_side=4 --set model.puzzle_prefix=2
# Wrong safetensors headers: longer than the file; wrong offsets of a tensor.
printf '\xff\xff\xff\x7f\0\0\0\0{}' >long.safetensors
refused 'long.safetensors' checkpoint import long.safetensors --out out
json='{"inner.lm_head.weight":{"dtype":"F32","shape":[12,64],"data_offsets":[0,8]}}'
{
  printf "\\x$(printf %02x ${#json})\0\0\0\0\0\0\0%s" "$json"
  printf '12345678'
} >lies.safetensors
refused 'lies.safetensors' checkpoint import lies.safetensors --out out
# A truncated file.
head -c 60000 "$golden/imported/state_dict.pt" >cut.pt
refused 'cut.pt' checkpoint import cut.pt --out out
refused 'no_such.pt' checkpoint import no_such.pt --out out

[[ $(cat kept/thesis.tex) == precious ]] || { echo "kept/ was touched"; bad=1; }
[[ ! -e out ]] || { echo "out was written"; bad=1; }
exit $bad
