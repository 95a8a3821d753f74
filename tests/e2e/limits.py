#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures how runs with long steps keep time limits and answer signals.

Runs `arctrm run` with random limits on work with long steps: a large network, a
huge batch, a million augmentations, far too many threads, weights without time to
train. Some runs get a signal at a random moment. Prints a line per run and a
summary; exit code 0 if every run ended at most 0.5 s after its limit, or 2 s after
its signal, with a valid submission.

  limits.py BUILD_DIR WORK_DIR [--runs 60] [--least 10] [--most 60] [--load 0]
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("build", help="folder of arctrm and arctrm-solver")
parser.add_argument("work", help="folder for the runs; emptied first")
parser.add_argument("--runs", type=int, default=60)
parser.add_argument("--least", type=float, default=10, help="shortest limit in seconds")
parser.add_argument("--most", type=float, default=60, help="longest limit in seconds")
parser.add_argument("--signals", type=float, default=0.3,
                    help="share of the runs that get a signal")
parser.add_argument("--load", type=int, default=0,
                    help="number of busy processes beside the runs")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--shape", help="run only this shape")
args = parser.parse_args()

ARCTRM = os.path.abspath(os.path.join(args.build, "arctrm"))
WORK = os.path.abspath(args.work)
LATE = 0.5
HEARD = 2.0

TINY = ["model.hidden=32", "model.heads=2", "model.H_cycles=1",
        "model.L_cycles=1", "model.halt_max_steps=2", "model.puzzle_prefix=2",
        "train.batch=8", "train.warmup_steps=5", "train.learning_rate=0.003"]
# Name, tasks, options.
SHAPES = [
    ("published network", "large", ["--recipe", "arc",
                                    "--set", "train.batch=16"]),
    ("published network and batch", "large", ["--recipe", "arc"]),
    ("batch of 16384", "small", ["--set", "train.batch=16384"]),
    ("million augmentations", "small", ["--augmentations", "1000000"]),
    ("thousand threads", "small", ["--threads", "1000"]),
    ("weights, no time to train", "large", ["--checkpoint", "WEIGHTS"]),
    ("many tasks, small recipe", "large", ["--recipe", "small"]),
    ("tiny", "small", ["--augmentations", "3"]),
]


def grid(dice, side):
    return [[dice.randrange(10) for _ in range(side)] for _ in range(side)]


def tasks(count, least, most, seed):
    dice = random.Random(seed)
    made = {}
    for number in range(count):
        side = dice.randint(least, most)
        made["task%04d" % number] = {
            "train": [{"input": grid(dice, side), "output": grid(dice, side)}
                      for _ in range(3)],
            "test": [{"input": grid(dice, side)}]}
    return made


def prepare():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    files = {"large": tasks(200, 10, 30, 1), "small": tasks(2, 3, 3, 2),
             "learnt": tasks(4, 28, 30, 3)}
    for name, made in files.items():
        with open(os.path.join(WORK, name + ".json"), "w") as file:
            json.dump(made, file)
    # Weights of the published width, trained for one step.
    subprocess.run(
        [ARCTRM, "run", "--challenges", "learnt.json", "--out", "learnt.out",
         "--recipe", "arc", "--set", "train.batch=1", "--set",
         "run.max_views=1", "--set", "model.halt_max_steps=2", "--steps", "1",
         "--augmentations", "0", "--device", "cpu", "--quiet"],
        cwd=WORK, check=False, stdout=subprocess.DEVNULL)
    return os.path.join(WORK, "learnt.out.run", "checkpoint")


def command(shape, weights, out, limit):
    name, challenges, options = shape
    words = [ARCTRM, "run", "--challenges", challenges + ".json", "--out", out,
             "--time-limit", "%.2fs" % limit, "--device", "cpu", "--report",
             out + ".html"]
    words += [weights if word == "WEIGHTS" else word for word in options]
    if challenges == "small":
        chosen = [word.split("=")[0] for word in options]
        for setting in TINY:
            if setting.split("=")[0] not in chosen:
                words += ["--set", setting]
    if "--threads" not in options:
        words += ["--threads", "2"]
    return words


def run(number, shape, weights, dice):
    limit = round(dice.uniform(args.least, args.most), 2)
    out = "run%d.json" % number
    stop = None
    if dice.random() < args.signals:
        stop = dice.uniform(0.1, 0.9) * limit
    with open(os.path.join(WORK, "run%d.log" % number), "w") as log:
        start = time.time()
        process = subprocess.Popen(command(shape, weights, out, limit),
                                   cwd=WORK, stdout=log, stderr=log)
        ended = None
        if stop is not None:
            try:
                process.wait(timeout=stop)
                stop = None
            except subprocess.TimeoutExpired:
                process.send_signal(dice.choice([signal.SIGTERM,
                                                 signal.SIGINT]))
                start = time.time()
        try:
            process.wait(timeout=limit + 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        ended = time.time() - start
    late = ended - (HEARD if stop is not None else limit + LATE)
    challenges = os.path.join(WORK, shape[1] + ".json")
    valid = subprocess.run(
        [ARCTRM, "validate", "--challenges", challenges, out], cwd=WORK,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    good = late <= 0 and valid and process.returncode in (0, 3)
    print("%3d  %-28s %s  ended after %6.2f s  code %d  %s%s" %
          (number, shape[0],
           "signal         " if stop is not None else "limit %6.2f s" % limit,
           ended, process.returncode, "valid" if valid else "INVALID",
           "" if good else "  WRONG"), flush=True)
    shutil.rmtree(os.path.join(WORK, out + ".run"), ignore_errors=True)
    return good, (None if stop is not None else ended - limit), \
        (ended if stop is not None else None), valid


def main():
    weights = prepare()
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
               for _ in range(args.load)]
    dice = random.Random(args.seed)
    shapes = [s for s in SHAPES if args.shape in (None, s[0])]
    results = []
    try:
        for number in range(args.runs):
            results.append(run(number, shapes[number % len(shapes)], weights,
                               dice))
    finally:
        for burner in burners:
            burner.kill()
    late = [r[1] for r in results if r[1] is not None]
    heard = [r[2] for r in results if r[2] is not None]
    print("%d runs: %d wrong, %d invalid; latest %+.2f s of its limit; "
          "%d signals, answered after at most %.2f s" %
          (len(results), sum(not r[0] for r in results),
           sum(not r[3] for r in results), max(late, default=0), len(heard),
           max(heard, default=0)))
    return 0 if all(r[0] for r in results) else 1


sys.exit(main())
