#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Training-step time of arctrm against the Python implementation, both on this
machine in turn (A B A B ...), as a ratio of medians. Further options go to
both programs, e.g. --hidden 512 --heads 8 --side 30 --batch 2 --steps 3."""
import argparse
import os
import statistics
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--step-time", required=True, help="the built program")
parser.add_argument("--reference", required=True,
                    help="a checkout of TinyRecursiveModels")
parser.add_argument("--python", default=sys.executable)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--compile", action="store_true",
                    help="compare with torch.compile instead of eager")
args, shape = parser.parse_known_args()
here = os.path.dirname(os.path.abspath(__file__))
env = dict(os.environ, OMP_WAIT_POLICY="passive")
reference = [args.python, os.path.join(here, "reference_step.py"),
             "--reference", args.reference]
if args.compile:
    reference.append("--compile")
times = {"arctrm": [], "reference": []}
for _ in range(args.rounds):
    for name, command in (("arctrm", [args.step_time]),
                          ("reference", reference)):
        out = subprocess.run(command + shape, env=env, check=True,
                             capture_output=True, text=True).stdout
        times[name] += [float(line) for line in out.split()]
median = {name: statistics.median(t) for name, t in times.items()}
for name, t in times.items():
    print(f"{name:10} median {median[name]:.4f} s, min {min(t):.4f}, "
          f"max {max(t):.4f}, {len(t)} steps")
print(f"reference / arctrm: {median['reference'] / median['arctrm']:.2f}")
