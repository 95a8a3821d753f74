#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times training steps of the published Python implementation, one number a
line, at the shape that bench/step_time takes; with --evaluate its evaluation of
whole batches instead, all supervision steps of each. --reference names a
checkout of SamsungSAILMontreal/TinyRecursiveModels."""
import argparse
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--reference", required=True)
parser.add_argument("--hidden", type=int, default=128)
parser.add_argument("--heads", type=int, default=4)
parser.add_argument("--H", type=int, default=3)
parser.add_argument("--L", type=int, default=4)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--prefix", type=int, default=16)
parser.add_argument("--halt-steps", type=int, default=16)
parser.add_argument("--side", type=int, default=10)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--threads", type=int, default=0)
parser.add_argument("--ids", type=int, default=201)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--precision", default="float32")
parser.add_argument("--evaluate", action="store_true")
parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
args = parser.parse_args()
sys.path.insert(0, args.reference)

import torch  # noqa: E402

if args.threads:
    torch.set_num_threads(args.threads)
import reference_model  # noqa: E402

torch.manual_seed(0)
torch.set_default_device(args.device)
cells = args.side * args.side
model = reference_model.make(
    "trm", batch=args.batch, cells=cells, vocabulary=12, ids=args.ids,
    hidden=args.hidden, heads=args.heads, layers=args.layers, H=args.H,
    L=args.L, prefix=args.prefix, halt_max_steps=args.halt_steps,
    precision=args.precision)
trainer = reference_model.Trainer(
    model, args.batch, run=torch.compile(model) if args.compile else None)


@torch.inference_mode()
def evaluate(batch):
    """As published: until every row has halted, which in evaluation is after
    the last step."""
    model.eval()
    carry = model.initial_carry(batch)
    while True:
        carry, _, _, _, done = trainer.run(carry=carry, batch=batch,
                                           return_keys=["preds"])
        if done:
            return


for step in range(args.steps + 1):
    batch = dict(
        inputs=torch.randint(2, 12, (args.batch, cells), dtype=torch.int32),
        labels=torch.randint(2, 12, (args.batch, cells), dtype=torch.int32),
        puzzle_identifiers=torch.randint(1, 201, (args.batch,),
                                         dtype=torch.int32))
    if args.device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    if args.evaluate:
        evaluate(batch)
    else:
        trainer.step(batch)
    if args.device == "cuda":
        torch.cuda.synchronize()
    if step:
        print(f"{time.perf_counter() - start:.5f}", flush=True)
