#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times a training step with all kernels, with LibTorch's operations instead of
each kernel in turn, and instead of all. Passes further options to step_time, e.g.
--hidden 512 --heads 8 --side 30 --batch 4 --precision bf16 --steps 3."""
import argparse
import os
import statistics
import subprocess

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--step-time", required=True, help="the built program")
parser.add_argument("--rounds", type=int, default=3)
args, shape = parser.parse_known_args()
parts = ["", "norm", "swiglu", "rotary", "loss", "attention", "linear",
         "optimizer", "pairs", "all"]
times = {part: [] for part in parts}
env = dict(os.environ, OMP_WAIT_POLICY="passive")
for _ in range(args.rounds):
    for part in parts:
        plain = ["--plain", part] if part else []
        out = subprocess.run([args.step_time] + plain + shape, env=env,
                             check=True, capture_output=True, text=True).stdout
        times[part] += [float(line) for line in out.split()]
full = statistics.median(times[""])
print("| without the kernel of | s a step | times the step with all |")
print("|---|---|---|")
for part in parts:
    s = statistics.median(times[part])
    print(f"| {part or '(with all)'} | {s:.4g} | {s / full:.2f} |", flush=True)
