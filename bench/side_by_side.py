#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arctrm against the Python implementation, both on this machine in turn
(A B A B ...), as ratios of medians.

With --rows the table of docs/RESULTS.md, "Speed on a CPU", or some of its rows
("all", or names with commas between: see --help); what a row needs and is not
given, it says. The programs of rows that are compared with each other take
turns. Shape options (--hidden, --heads, --H, --L, --side, --batch, --steps,
--threads, --device) then replace the rows' own, on both sides:

  bench/side_by_side.py --rows all --reference DIR --python P \\
      --step-time build/release/bench/step_time --arctrm build/release/arctrm \\
      --dataset data/ --challenges challenges.json

Without --rows the training step at one shape; further options go to both
programs, e.g. --hidden 512 --heads 8 --side 30 --batch 2 --steps 3."""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ENV = dict(os.environ, OMP_WAIT_POLICY="passive")
SMALL = dict(hidden=128, heads=4, H=3, L=4, side=10, batch=32, steps=5)
ARC = dict(hidden=512, heads=8, H=3, L=4, side=30, batch=4, steps=3)
# Batch rows that the reference evaluates at once.
EVALUATION = dict(hidden=128, heads=4, H=1, L=1, side=30, batch=4,
                  halt_steps=16, precision="float32")


def run(command, allowed=(0,)):
    done = subprocess.run(command, env=ENV, capture_output=True, text=True)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n"
                           f"{done.stderr[-2000:]}")
    return done


def flags(options):
    return [word for name, value in options.items()
            for word in ("--" + name.replace("_", "-"), str(value))]


def reference_command(args, options, *more):
    return [args.python, os.path.join(HERE, "reference_step.py"),
            "--reference", args.reference, *more, *flags(options)]


class Times:
    """A program that prints seconds, one number a line. Its figure: seconds of
    the median; with `batch` that many rows of each over all the seconds."""

    def __init__(self, command, batch=0):
        self.command, self.batch, self.seconds = command, batch, []

    def measure(self):
        self.seconds += [float(t) for t in run(self.command).stdout.split()]

    def figure(self):
        if self.batch:
            return self.batch * len(self.seconds) / sum(self.seconds)
        return statistics.median(self.seconds)


class ArctrmViews:
    """`arctrm predict` on the first tasks of a challenges file. Without a
    checkpoint a network is made that has taken one step, in which nearly every
    view had a part: a view votes once its row was updated."""

    def __init__(self, args, shape, folder):
        self.args, self.shape, self.folder = args, shape, folder
        self.rates, self.views = [], 0
        self.checkpoint = args.checkpoint or os.path.join(folder, "checkpoint")
        self.challenges = os.path.join(folder, "challenges.json")

    def prepare(self):
        with open(self.args.challenges) as text:
            tasks = json.load(text)
        if not all(isinstance(t, dict) and "test" in t for t in tasks.values()):
            raise RuntimeError(f"{self.args.challenges}: no challenges file in "
                               "Kaggle's form")
        tasks = dict(sorted(tasks.items())[:self.args.tasks])
        with open(self.challenges, "w") as text:
            json.dump(tasks, text)
        if self.args.checkpoint:
            self.take_shape()
            return
        s = self.shape
        data = os.path.join(self.folder, "data")
        run([self.args.arctrm, "augment", "--challenges", self.challenges,
             "--augmentations", str(self.args.augmentations),
             "--canvas-side", str(s["side"]), "--out", data])
        # Three per augmentation of a task, drawn at random.
        rows = 3 * len(tasks) * (1 + self.args.augmentations)
        run([self.args.arctrm, "train", "--recipe", "arc", "--dataset", data,
             "--out", self.checkpoint, "--steps", "1", *self.machine(),
             *[word for setting in (
                 f"model.hidden={s['hidden']}", f"model.heads={s['heads']}",
                 f"model.H_cycles={s['H']}", f"model.L_cycles={s['L']}",
                 f"train.batch={rows}", "train.pairs_per_visit=1",
                 "train.fit_canvas=on", f"train.precision={s['precision']}")
               for word in ("--set", setting)]])

    def take_shape(self):
        """The reference gets the shape of the checkpoint that was given."""
        info = json.loads(run([self.args.arctrm, "checkpoint", "info", "--json",
                               self.checkpoint]).stdout)["settings"]
        if info["model.arch"] != "trm" or info["model.mixer"] != "false":
            raise RuntimeError("--checkpoint: only TRM with attention has a "
                               "counterpart here")
        for name, key in (("hidden", "hidden"), ("heads", "heads"),
                          ("H", "H_cycles"), ("L", "L_cycles"),
                          ("side", "canvas_side"), ("layers", "layers"),
                          ("prefix", "puzzle_prefix"),
                          ("halt_steps", "halt_max_steps")):
            self.shape[name] = int(info["model." + key])

    def machine(self):
        return ["--device", str(self.shape.get("device", "cpu")),
                "--threads", str(self.shape.get("threads", 0))]

    def measure(self):
        if not self.views:
            self.prepare()
        # 3: some test inputs have no vote, which happens with untrained networks.
        done = run([self.args.arctrm, "predict", "--checkpoint",
                    self.checkpoint, "--challenges", self.challenges,
                    "--augmentations", str(self.args.augmentations),
                    "--out", os.path.join(self.folder, "ballots.zst"),
                    *self.machine(),
                    *[word for setting in self.args.predict_set
                      for word in ("--set", setting)]], allowed=(0, 3))
        last = re.findall(r"(\d+)/(\d+) views +([\d.]+) views/s", done.stderr)
        if not last or last[-1][0] != last[-1][1]:
            raise RuntimeError(f"not all views were done:\n{done.stderr}")
        self.views = int(last[-1][0])
        self.rates.append(float(last[-1][2]))

    def description(self):
        s = self.shape
        steps = (" ".join(self.args.predict_set) or "all") + \
            f" of {s['halt_steps']} steps"
        return (f", {self.views} views, {s['hidden']} wide, H {s['H']}, L "
                f"{s['L']}, {s['precision']}, {steps}, canvases that fit against "
                f"{s['side']**2} cells")

    def figure(self):
        return statistics.median(self.rates)


class ReferenceViews:
    """As many views as arctrm had, in whole batches of whole canvases, and the
    network of the same shape."""

    def __init__(self, args, ours):
        self.args, self.ours, self.seconds = args, ours, []

    def measure(self):
        if not self.ours.views:
            raise RuntimeError("arctrm had no views to compare with")
        options = dict(self.ours.shape)
        options["steps"] = max(1, round(self.ours.views / options["batch"]))
        self.seconds += [float(t) for t in run(reference_command(
            self.args, options, "--evaluate")).stdout.split()]

    def figure(self):
        return (self.ours.shape["batch"] * len(self.seconds) /
                sum(self.seconds))


class Row:
    """unit "s": less is better; else more. needs: options."""

    def __init__(self, group, text, unit, goal, ours, theirs, needs):
        self.group, self.text, self.unit, self.goal = group, text, unit, goal
        self.ours, self.theirs, self.needs = ours, theirs, needs


def make_rows(args, shape, folder):
    """By name. Rows of a group that name the same program share it."""
    precision = {"precision": shape.get("precision", "float32")}
    shape = {k: v for k, v in shape.items() if k != "precision"}
    small, arc = dict(SMALL, **shape), dict(ARC, **shape)
    evaluation = dict(EVALUATION, **shape, **precision)
    evaluation.pop("steps", None)
    samples = dict(arc, batch=shape.get("batch", 64),
                   steps=shape.get("steps", 2), **precision)
    compiled = ["--compile"] if args.compile else []
    bf16 = {"precision": "bf16"}
    ours = {name: Times([args.step_time, *flags(options)])
            for name, options in (("small", small), ("arc", arc),
                                  ("bf16", dict(arc, **bf16)))}
    ours["samples"] = Times(
        [args.step_time, "--dataset", str(args.dataset), "--pairs-per-visit",
         "1", "--fit-canvas", "on", *flags(samples)], samples["batch"])
    ours["views"] = ArctrmViews(args, evaluation, folder)
    theirs = {
        "small": Times(reference_command(args, small)),
        "small-compiled": Times(reference_command(args, small, "--compile")),
        "arc": Times(reference_command(args, arc)),
        "arc-compiled": Times(reference_command(args, arc, "--compile")),
        "bf16": Times(reference_command(args, dict(arc, **bf16))),
        "samples": Times(reference_command(args, dict(arc, **precision),
                                           *compiled), arc["batch"]),
        "views": ReferenceViews(args, ours["views"])}

    def step(options, rest):
        return (f"train step, {options['hidden']} wide, "
                f"{options['side']**2 + 16} tokens, batch {options['batch']}, "
                f"{rest}")

    def row(group, text, unit, goal, our, their, *needs):
        return Row(group, text, unit, goal, ours[our], theirs[their], needs)

    return {
        "small": row("small", step(small, "float32, eager"), "s", 1.5,
                     "small", "small", "step_time"),
        "small-compiled": row("small", step(small, "float32, compiled"), "s",
                              1.25, "small", "small-compiled", "step_time"),
        "arc": row("arc", step(arc, "float32, eager"), "s", 1.1, "arc", "arc",
                   "step_time"),
        "arc-compiled": row("arc", step(arc, "float32, compiled"), "s", None,
                            "arc", "arc-compiled", "step_time"),
        "arc-bf16": row("arc", step(arc, "bf16 against bf16"), "s", 1.25,
                        "bf16", "bf16", "step_time"),
        "arc-bf16-float32": row("arc", step(arc, "bf16 against float32"), "s",
                                1.8, "bf16", "arc", "step_time"),
        "samples": row(
            "samples", f"training on a dataset, {arc['hidden']} wide, "
            f"{precision['precision']}, batch {samples['batch']} on fitted canvases against "
            f"{arc['batch']} of {arc['side']**2} cells", "samples/s", 3.5,
            "samples", "samples", "step_time", "dataset"),
        "evaluation": row(
            "evaluation",
            f"evaluation of {args.tasks} tasks (`arctrm predict`)", "views/s", 6,
            "views", "views", "arctrm", "challenges")}


def measure(rows, rounds):
    """All programs of a group in turn. Those that failed are told and left."""
    failed = set()
    for group in dict.fromkeys(row.group for row in rows):
        programs = list(dict.fromkeys(
            p for row in rows if row.group == group
            for p in (row.ours, row.theirs)))
        for turn in range(rounds):
            for i, program in enumerate(programs):
                if program in failed:
                    continue
                try:
                    program.measure()
                    print(f"{group}, round {turn + 1} of {rounds}, program "
                          f"{i + 1} of {len(programs)}: {program.figure():.4g}",
                          file=sys.stderr, flush=True)
                except (RuntimeError, OSError, ValueError) as error:
                    failed.add(program)
                    print(f"{group}: {error}", file=sys.stderr, flush=True)
    return failed


def table(args, shape):
    with tempfile.TemporaryDirectory() as folder:
        known = make_rows(args, shape, folder)
        names = list(known) if args.rows == "all" else args.rows.split(",")
        for name in names:
            if name not in known:
                parser.error(f"--rows {name}: all, or some of "
                             f"{' '.join(known)}")
        missing = {name: [need for need in known[name].needs
                          if getattr(args, need) is None] for name in names}
        failed = measure([known[name] for name in names if not missing[name]],
                         args.rounds)
    print("| what | arctrm | reference | ratio | goal |\n|---|---|---|---|---|")
    status = 0
    for name in names:
        row = known[name]
        goal = "" if row.goal is None else f"{row.goal:g}"
        if missing[name]:
            needs = ", ".join("--" + n.replace("_", "-") for n in missing[name])
            print(f"| {row.text} | skipped: needs {needs} | | | {goal} |")
        elif row.ours in failed or row.theirs in failed:
            status = 1
            print(f"| {row.text} | failed | | | {goal} |")
        else:
            a, b = row.ours.figure(), row.theirs.figure()
            ratio = b / a if row.unit == "s" else a / b
            text = row.text
            if name == "evaluation":
                text += row.ours.description()
            print(f"| {text} | {a:.4g} {row.unit} | {b:.4g} {row.unit} | "
                  f"{ratio:.2f} | {goal} |")
    return status


def one_shape(args, shape):
    if args.step_time is None:
        parser.error("--step-time is missing")
    more = ["--compile"] if args.compile else []
    both = {"arctrm": Times([args.step_time, *shape]),
            "reference": Times(reference_command(args, {}, *more) + shape)}
    for _ in range(args.rounds):
        for program in both.values():
            program.measure()
    for name, program in both.items():
        t = program.seconds
        print(f"{name:10} median {program.figure():.4f} s, min {min(t):.4f}, "
              f"max {max(t):.4f}, {len(t)} steps")
    ratio = both["reference"].figure() / both["arctrm"].figure()
    print(f"reference / arctrm: {ratio:.2f}")


parser = argparse.ArgumentParser(
    description=__doc__, allow_abbrev=False,
    formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--reference", required=True,
                    help="a checkout of TinyRecursiveModels")
parser.add_argument("--python", default=sys.executable,
                    help="with torch, for the reference")
parser.add_argument("--step-time", help="the built bench/step_time")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--compile", action="store_true",
                    help="without --rows, and for samples: compare with "
                    "torch.compile")
parser.add_argument("--rows", help="all, or some of: small small-compiled arc "
                    "arc-compiled arc-bf16 arc-bf16-float32 samples evaluation")
parser.add_argument("--arctrm", help="the built program, for evaluation")
parser.add_argument("--dataset", help="what arctrm augment wrote, for samples")
parser.add_argument("--challenges", help="a Kaggle file, for evaluation")
parser.add_argument("--checkpoint", help="trained on these challenges, for "
                    "evaluation (default: one is made, %d wide)"
                    % EVALUATION["hidden"])
parser.add_argument("--tasks", type=int, default=20,
                    help="of the challenges, the first by name")
parser.add_argument("--augmentations", type=int, default=3,
                    help="views of a test input beside itself, for evaluation")
parser.add_argument("--predict-set", action="append", default=[],
                    metavar="KEY=VALUE", help="a setting of arctrm predict, "
                    "e.g. run.early_halt=0.5; repeatable")
arguments, rest = parser.parse_known_args()
if arguments.rows is None:
    sys.exit(one_shape(arguments, rest))
shapes = argparse.ArgumentParser(prog=parser.prog, add_help=False,
                                 allow_abbrev=False)
for option in ("hidden", "heads", "H", "L", "side", "batch", "steps",
               "threads"):
    shapes.add_argument("--" + option, type=int, default=argparse.SUPPRESS)
shapes.add_argument("--precision", choices=["float32", "bf16"],
                    default=argparse.SUPPRESS)
shapes.add_argument("--device", choices=["cpu", "cuda"],
                    default=argparse.SUPPRESS)
sys.exit(table(arguments, vars(shapes.parse_args(rest))))
