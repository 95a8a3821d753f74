#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weights from Python to arctrm and back: for each system a Python model's
state dict is imported, and one that arctrm trained is exported and loaded by
the Python implementation. Both ways the weights must be the same bits and the
two programs must give the same logits after a supervision step (within 1e-5;
1e-4 for the mixer, which at such weights makes rounding about 30 times larger
with every step: the Python code's own float32 run is up to 6e-5 from its float64
run).

  bench/round_trip.py --arctrm build/release/arctrm --logits .../bench/logits \\
      --reference DIR
"""
import argparse
import os
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--arctrm", required=True)
parser.add_argument("--logits", required=True, help="the built bench/logits")
parser.add_argument("--reference", required=True,
                    help="a checkout of TinyRecursiveModels")
args = parser.parse_args()
sys.path.insert(0, args.reference)

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

import reference_model  # noqa: E402

SHAPES = {  # hidden, heads, layers, H, L, prefix
    "trm": (64, 4, 2, 3, 4, 16), "mixer": (64, 4, 2, 3, 4, 16),
    "hrm": (64, 4, 2, 2, 2, 1)}
STEPS, SIDE, VOCABULARY = 1, 9, 11
TOLERANCE = {"trm": 1e-5, "mixer": 1e-4, "hrm": 1e-5}


def settings(system):
    hidden, heads, layers, H, L, prefix = SHAPES[system]
    values = {
        "hidden": hidden, "heads": heads, "layers": layers, "H_cycles": H,
        "L_cycles": L, "puzzle_prefix": prefix, "halt_max_steps": STEPS,
        "mixer": str(system == "mixer").lower(), "rope": "1d",
        "rope_theta": 1e4, "canvas_side": SIDE, "position_side": SIDE,
        "positions": "none" if system == "mixer" else "rope",
        "arch": "hrm" if system == "hrm" else "trm",
        "continue_head": str(system == "hrm").lower()}
    return [word for key, value in values.items()
            for word in ("--set", f"model.{key}={value}")]


def python_model(system, batch):
    hidden, heads, layers, H, L, prefix = SHAPES[system]
    return reference_model.make(
        system, batch=batch, cells=SIDE * SIDE, vocabulary=VOCABULARY, ids=1,
        hidden=hidden, heads=heads, layers=layers, H=H, L=L, prefix=prefix,
        halt_max_steps=STEPS).eval()


def python_logits(model, batch):
    carry = model.initial_carry(batch)
    with torch.inference_mode():
        for _ in range(STEPS):
            carry, _, _, out, _ = model(
                carry=carry, batch=batch,
                return_keys=["logits", "q_halt_logits"])
    return out


def compare(system, way, ours, theirs, weights, state):
    """weights: of the checkpoint folder; state: what Python holds."""
    error = max((ours[k] - theirs[k]).abs().max().item() for k in theirs)
    same = all(torch.equal(weights[k.split("model.")[-1]], v)
               for k, v in state.items())
    print(f"{system + ', ' + way:34} logits {error:.1e} (at most "
          f"{TOLERANCE[system]:.0e}), weights {'equal' if same else 'DIFFER'}")
    return error <= TOLERANCE[system] and same


def main():
    fine = True
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as work:
        def path(name):
            return os.path.join(work, name)

        def run(*command):
            subprocess.run([str(c) for c in command], check=True,
                           stdout=subprocess.DEVNULL)
        tokens = torch.randint(1, VOCABULARY, (8, SIDE * SIDE),
                               dtype=torch.int32)
        batch = dict(inputs=tokens, labels=tokens,
                     puzzle_identifiers=torch.zeros(8, dtype=torch.int32))
        save_file({k: batch[k] for k in ("inputs", "puzzle_identifiers")},
                  path("inputs.safetensors"))

        def arctrm_logits(checkpoint):
            run(args.logits, checkpoint, path("inputs.safetensors"),
                path("logits.safetensors"))
            return load_file(path("logits.safetensors"))
        run(args.arctrm, "puzzle", "generate", "sudoku", "--count", 200,
            "--out", path("train.csv"))
        for system in SHAPES:
            model = python_model(system, 8)
            with torch.no_grad():
                model.model.inner.q_head.weight.normal_(0, 0.2)
                model.model.puzzle_emb.weights.normal_(0, 0.4)
            torch.save({"_orig_mod." + k: v
                        for k, v in model.state_dict().items()},
                       path("python.pt"))
            run(args.arctrm, "checkpoint", "import", path("python.pt"),
                "--out", path(system + ".in"), *settings(system))
            fine &= compare(
                system, "Python to arctrm", arctrm_logits(path(system + ".in")),
                python_logits(model, batch),
                load_file(path(system + ".in/model.safetensors")),
                model.state_dict())

            run(args.arctrm, "puzzle", "train", "sudoku", "--train",
                path("train.csv"), "--out", path(system), "--steps", 20,
                "--quiet", "--set", "train.batch=16", "--set",
                "train.decay_share=0", "--set", "train.learning_rate=1e-3",
                *settings(system))
            for form in ("pt", "safetensors"):
                file = path(f"{system}.{form}")
                run(args.arctrm, "checkpoint", "export", path(system), "--out",
                    file, "--prefix", "model.")
                state = (load_file(file) if form == "safetensors" else
                         torch.load(file, weights_only=True))
                model = python_model(system, 8)
                model.load_state_dict(state)
                fine &= compare(
                    system, f"arctrm to Python, {form}",
                    arctrm_logits(path(system)), python_logits(model, batch),
                    load_file(path(system + "/model.safetensors")),
                    model.state_dict())
    return 0 if fine else 1


sys.exit(main())
