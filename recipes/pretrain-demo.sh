#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Remakes pipeline/demo_checkpoint: generated tasks of other seeds than the
# demo's, four rules left out (LeftOutRules in pipeline/demo_checkpoint.cc).
# usage: pretrain-demo.sh BUILD_DIR WORK_DIR [TIME_LIMIT]
set -euo pipefail
build=$1
work=$2
limit=${3:-60m}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$work"
"$build/arctrm-make-tasks" --exclude recolor,invert,border,hollow \
  --per-rule 8 --seed 1073741824 --demonstrations 30:30 \
  --out-challenges "$work/challenges.json" \
  --out-solutions "$work/solutions.json"
"$build/arctrm" augment --train-on "$work/challenges.json=$work/solutions.json" \
  --augmentations 0 --canvas-side 9 --out "$work/dataset"
"$build/arctrm" train --dataset "$work/dataset" --out "$work/checkpoint" \
  --recipe "$root/recipes/demo-pretrain.conf" --time-limit "$limit"
"$build/arctrm" checkpoint export "$work/checkpoint" --mean-row \
  --out "$root/pipeline/demo_checkpoint"
