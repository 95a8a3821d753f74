#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains the Python implementation on a file of puzzles for a given time, for
comparison with `arctrm puzzle train`. Published training (deep supervision, EMA)
with constant rates; the averaged weights answer the test puzzles at intervals and
at the end with all supervision steps. Prints a line per evaluation.

  bench/reference_puzzles.py --reference DIR --train a.csv --test b.csv \\
      --seconds 1800 --system trm --hidden 96 --heads 4 --H 2 --L 2
"""
import argparse
import csv
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--reference", required=True,
                    help="a checkout of TinyRecursiveModels")
parser.add_argument("--train", required=True)
parser.add_argument("--test", required=True)
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--every", type=float, default=300, help="between tries")
parser.add_argument("--tries", type=int, default=200, help="puzzles of a try")
parser.add_argument("--system", default="trm", choices=["trm", "mixer", "hrm"])
parser.add_argument("--hidden", type=int, default=96)
parser.add_argument("--heads", type=int, default=4)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--H", type=int, default=2)
parser.add_argument("--L", type=int, default=2)
parser.add_argument("--prefix", type=int, default=1)
parser.add_argument("--steps", type=int, default=4, help="supervision steps")
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--wd", type=float, default=0.1)
parser.add_argument("--warmup", type=int, default=50)
parser.add_argument("--ema", type=float, default=0.99)
parser.add_argument("--dihedral", action="store_true",
                    help="turn and flip training puzzles (mazes)")
parser.add_argument("--threads", type=int, default=0)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
sys.path.insert(0, args.reference)

import torch  # noqa: E402

import reference_model  # noqa: E402

MAZE = "# SGo"


def tokens(rows, column):
    table = {c: i + 1 for i, c in enumerate(MAZE)}
    table.update({str(d): d + 1 for d in range(10)}, **{".": 1})
    return torch.tensor([[table[c] for c in row[column]] for row in rows],
                        dtype=torch.int32)


def read(path):
    with open(path, newline="") as lines:
        rows = list(csv.DictReader(lines))
    return tokens(rows, "question"), tokens(rows, "answer")


def turned(grids, which):
    side = int(grids.shape[1] ** 0.5)
    square = grids.view(-1, side, side)
    square = torch.rot90(square, which % 4, (1, 2))
    if which >= 4:
        square = square.flip(2)
    return square.reshape(len(grids), -1)


@torch.no_grad()
def exact(trainer, test, count):
    """Share of fully correct answers with the averaged weights."""
    raw = [p.detach().clone() for p in trainer.parameters]
    for p, s in zip(trainer.parameters, trainer.shadow):
        p.copy_(s)
    trainer.model.eval()
    right = cells = 0
    inputs, labels = test[0][:count], test[1][:count]
    for at in range(0, len(inputs), args.batch):
        rows = inputs[at:at + args.batch]
        known = labels[at:at + args.batch]
        padded = torch.cat([rows, rows[:1].expand(args.batch - len(rows), -1)])
        batch = dict(inputs=padded, labels=padded,
                     puzzle_identifiers=torch.zeros(args.batch,
                                                    dtype=torch.int32))
        carry = trainer.model.initial_carry(batch)
        for _ in range(args.steps):
            carry, _, _, outputs, _ = trainer.model(
                carry=carry, batch=batch, return_keys=["preds"])
        given = outputs["preds"][:len(rows)]
        right += (given == known).all(1).sum().item()
        cells += (given == known).float().mean(1).sum().item()
    trainer.model.train()
    for p, r in zip(trainer.parameters, raw):
        p.copy_(r)
    return right / len(inputs), cells / len(inputs)


def main():
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    train, test = read(args.train), read(args.test)
    vocabulary = 6 if train[0].max() <= 5 and test[1].max() <= 5 else 11
    model = reference_model.make(
        args.system, batch=args.batch, cells=train[0].shape[1],
        vocabulary=vocabulary, ids=1, hidden=args.hidden, heads=args.heads,
        layers=args.layers, H=args.H, L=args.L, prefix=args.prefix,
        halt_max_steps=args.steps)
    trainer = reference_model.Trainer(
        model, args.batch, lr=args.lr, puzzle_lr=args.lr, wd=args.wd,
        puzzle_wd=args.wd, warmup=args.warmup, ema=args.ema)
    start = last = time.monotonic()
    order, losses, steps = [], [], 0
    while time.monotonic() - start < args.seconds:
        while len(order) < args.batch:
            order += torch.randperm(len(train[0])).tolist()
        now, order = order[:args.batch], order[args.batch:]
        inputs, labels = train[0][now], train[1][now]
        if args.dihedral:
            which = torch.randint(8, (1,)).item()
            inputs, labels = turned(inputs, which), turned(labels, which)
        losses.append(trainer.step(dict(
            inputs=inputs, labels=labels,
            puzzle_identifiers=torch.zeros(args.batch, dtype=torch.int32)
        )).item())
        steps += 1
        if time.monotonic() - last >= args.every:
            share, cells = exact(trainer, test, args.tries)
            print(f"{time.monotonic() - start:.0f} s  step {steps}  loss "
                  f"{sum(losses[-30:]) / len(losses[-30:]):.3f}  exact "
                  f"{100 * share:.1f} %  cells {100 * cells:.2f} %", flush=True)
            last = time.monotonic()
    took = time.monotonic() - start
    share, cells = exact(trainer, test, len(test[0]))
    print(f"end: {steps} steps in {took:.0f} s ({steps / took:.2f} steps/s), "
          f"{len(test[0])} test puzzles: exact {100 * share:.1f} %  cells "
          f"{100 * cells:.2f} %")


main()
