#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Trains pipeline/demo_checkpoint again, on generated tasks with other seeds
# than the demo's and without four rules (LeftOutRules in
# pipeline/demo_checkpoint.cc). The learning rates decay in the second training.
# usage: pretrain-demo.sh BUILD_DIR WORK_DIR [TIME_LIMIT [SECOND_LIMIT]]
set -euo pipefail
build=$1
work=$2
limit=${3:-30m}
second=${4:-6m}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$work"
"$build/arctrm-make-tasks" --exclude recolor,invert,border,hollow \
  --per-rule 16 --seed 1073741824 --demonstrations 40:40 \
  --out-challenges "$work/challenges.json" \
  --out-solutions "$work/solutions.json"
"$build/arctrm" augment --train-on "$work/challenges.json=$work/solutions.json" \
  --augmentations 0 --canvas-side 9 --out "$work/dataset"
"$build/arctrm" train --dataset "$work/dataset" --out "$work/first" \
  --recipe "$root/recipes/demo-pretrain.conf" --time-limit "$limit"
"$build/arctrm" train --dataset "$work/dataset" --out "$work/second" \
  --checkpoint "$work/first" --recipe "$root/recipes/demo-pretrain.conf" \
  --set train.learning_rate=5e-4 --set train.puzzle_learning_rate=1e-2 \
  --set train.decay_share=1 \
  --time-limit "$second"
"$build/arctrm" checkpoint export "$work/second" \
  --out "$root/pipeline/demo_checkpoint" --overwrite
