#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares learning curves of arctrm and the Python implementation: the same
small network and 4x4 Sudoku, several seeds each, float32. Batches and initial
weights differ, so the comparison uses families of curves: at every tenth of the
run, the ranges over the seeds (of the mean loss of a twentieth) must not be apart
by more than the wider one.

  bench/learning_curves.py --arctrm build/release/arctrm --reference DIR
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--arctrm", required=True)
parser.add_argument("--reference", required=True,
                    help="a checkout of TinyRecursiveModels")
parser.add_argument("--systems", default="trm,mixer,hrm")
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--out", help="write all curves here, as JSON")
args = parser.parse_args()
sys.path.insert(0, args.reference)

import torch  # noqa: E402

import reference_model  # noqa: E402

HIDDEN, HEADS, LAYERS, PREFIX = 64, 4, 2, 4
CYCLES = {"trm": (3, 4), "mixer": (3, 4), "hrm": (2, 2)}
RATES = dict(lr=1e-3, puzzle_lr=1e-3, wd=0.1, puzzle_wd=0.1, warmup=50)


def python_curve(system, rows, seed):
    torch.manual_seed(seed)
    H, L = CYCLES[system]
    prefix = 1 if system == "hrm" else PREFIX
    model = reference_model.make(
        system, batch=args.batch, cells=16, vocabulary=11, ids=1,
        hidden=HIDDEN, heads=HEADS, layers=LAYERS, H=H, L=L, prefix=prefix,
        halt_max_steps=4)
    trainer = reference_model.Trainer(model, args.batch, **RATES)
    inputs, labels = rows
    losses, order = [], []
    for _ in range(args.steps):
        while len(order) < args.batch:  # epochs, as both programs draw
            order += torch.randperm(len(inputs)).tolist()
        now, order = order[:args.batch], order[args.batch:]
        losses.append(trainer.step(dict(
            inputs=inputs[now], labels=labels[now],
            puzzle_identifiers=torch.zeros(args.batch, dtype=torch.int32)
        )).item())
    return losses


def arctrm_curve(system, train, seed, work):
    H, L = CYCLES[system]
    out = os.path.join(work, f"{system}{seed}")
    settings = {
        "model.hidden": HIDDEN, "model.heads": HEADS, "model.layers": LAYERS,
        "model.H_cycles": H, "model.L_cycles": L, "model.halt_max_steps": 4,
        "model.puzzle_prefix": 1 if system == "hrm" else PREFIX,
        "model.mixer": str(system == "mixer").lower(),
        "model.positions": "none" if system == "mixer" else "rope",
        "model.rope": "1d", "model.rope_theta": 1e4,
        "model.arch": "hrm" if system == "hrm" else "trm",
        "model.continue_head": str(system == "hrm").lower(),
        "train.batch": args.batch, "train.learning_rate": RATES["lr"],
        "train.puzzle_learning_rate": RATES["puzzle_lr"],
        "train.weight_decay": RATES["wd"],
        "train.puzzle_weight_decay": RATES["puzzle_wd"],
        "train.warmup_steps": RATES["warmup"], "train.decay_share": 0,
        "train.precision": "float32"}
    command = [args.arctrm, "puzzle", "train", "sudoku", "--train", train,
               "--augmentations", "0", "--steps", str(args.steps), "--seed",
               str(seed), "--out", out, "--quiet", "--device", "cpu"]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(out + ".run/metrics.jsonl") as lines:
        return [json.loads(line)["loss"] for line in lines]


def main():
    curves = {}
    with tempfile.TemporaryDirectory() as work:
        train = os.path.join(work, "train.csv")
        subprocess.run([args.arctrm, "puzzle", "generate", "sudoku", "--size",
                        "4", "--count", "2000", "--out", train], check=True,
                       stdout=subprocess.DEVNULL)
        with open(train, newline="") as lines:
            rows = list(csv.DictReader(lines))

        def tokens(column):
            return torch.tensor([[0 if c == "." else int(c)
                                  for c in row[column]] for row in rows],
                                dtype=torch.int32) + 1
        data = tokens("question"), tokens("answer")
        for system in args.systems.split(","):
            curves[system] = {
                "python": [python_curve(system, data, s)
                           for s in range(args.seeds)],
                "arctrm": [arctrm_curve(system, train, s, work)
                           for s in range(args.seeds)]}
    if args.out:
        with open(args.out, "w") as out:
            json.dump(curves, out)
    window = max(1, args.steps // 20)
    apart = 0
    print("| system | step | python, least to most | arctrm | overlap |")
    print("|---|---|---|---|---|")
    for system, families in curves.items():
        for tenth in range(1, 11):
            end = args.steps * tenth // 10
            means = {name: [sum(c[end - window:end]) / window for c in family]
                     for name, family in families.items()}
            p, a = means["python"], means["arctrm"]
            gap = max(min(p) - max(a), min(a) - max(p))
            width = max(max(p) - min(p), max(a) - min(a))
            word = ("yes" if gap <= 0 else
                    "near" if gap <= width else "NO")
            apart += word == "NO"
            print(f"| {system} | {end} | {min(p):.4f} to {max(p):.4f} | "
                  f"{min(a):.4f} to {max(a):.4f} | {word} |")
    return 1 if apart else 0


sys.exit(main())
