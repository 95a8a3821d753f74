#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times training steps of the published Python implementation, one number a
line, at the shape that bench/step_time takes. The implementation is fetched by
the user (SamsungSAILMontreal/TinyRecursiveModels) and named with --reference;
AdamATan2, whose package needs a GPU to build, is replaced by its formula."""
import argparse
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--reference", required=True)
parser.add_argument("--hidden", type=int, default=128)
parser.add_argument("--heads", type=int, default=4)
parser.add_argument("--H", type=int, default=3)
parser.add_argument("--L", type=int, default=4)
parser.add_argument("--side", type=int, default=10)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--threads", type=int, default=0)
parser.add_argument("--steps", type=int, default=5)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--precision", default="float32")
parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
args = parser.parse_args()
sys.path.insert(0, args.reference)

import torch  # noqa: E402

if args.threads:
    torch.set_num_threads(args.threads)
from models.losses import ACTLossHead  # noqa: E402
from models.recursive_reasoning.trm import (  # noqa: E402
    TinyRecursiveReasoningModel_ACTV1)
from models.sparse_embedding import (  # noqa: E402
    CastedSparseEmbeddingSignSGD_Distributed)

torch.manual_seed(0)
torch.set_default_device(args.device)
cells = args.side * args.side
config = dict(
    batch_size=args.batch, seq_len=cells, puzzle_emb_ndim=args.hidden,
    num_puzzle_identifiers=201, vocab_size=12, H_cycles=args.H,
    L_cycles=args.L, H_layers=0, L_layers=2, hidden_size=args.hidden,
    expansion=4, num_heads=args.heads, pos_encodings="rope",
    halt_max_steps=16, halt_exploration_prob=0.1,
    forward_dtype="bfloat16" if args.precision == "bf16" else "float32",
    mlp_t=False, puzzle_emb_len=16, no_ACT_continue=True)
model = ACTLossHead(TinyRecursiveReasoningModel_ACTV1(config),
                    loss_type="stablemax_cross_entropy")
model.train()
parameters = [p for p in model.parameters()]
moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
sign = CastedSparseEmbeddingSignSGD_Distributed(
    model.model.puzzle_emb.buffers(), lr=1e-2, weight_decay=0.1, world_size=1)
run = torch.compile(model) if args.compile else model
updates = 0


@torch.no_grad()
def adam_atan2(lr=1e-4, wd=0.1, b1=0.9, b2=0.95):
    global updates
    updates += 1
    for p, (m, v) in zip(parameters, moments):
        if p.grad is None:
            continue
        p.mul_(1 - lr * wd)
        m.lerp_(p.grad, 1 - b1)
        v.lerp_(p.grad * p.grad, 1 - b2)
        p.sub_(torch.atan2(m, v.sqrt() / (1 - b2**updates) ** 0.5),
               alpha=lr / (1 - b1**updates))
        p.grad = None


shadow = [p.detach().clone() for p in parameters]
carry = None
for step in range(args.steps + 1):
    labels = torch.randint(1, 12, (args.batch, cells), dtype=torch.int32)
    batch = dict(
        inputs=torch.randint(0, 12, (args.batch, cells), dtype=torch.int32),
        labels=labels,
        puzzle_identifiers=torch.randint(1, 201, (args.batch,),
                                         dtype=torch.int32))
    if args.device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    if carry is None:
        carry = model.initial_carry(batch)
    carry, loss, metrics, _, _ = run(carry=carry, batch=batch,
                                     return_keys=[])
    ((1 / args.batch) * loss).backward()
    sign.step()
    adam_atan2()
    with torch.no_grad():
        for s, p in zip(shadow, parameters):
            s.mul_(0.999).add_(p, alpha=0.001)
    if args.device == "cuda":
        torch.cuda.synchronize()
    if step:
        print(f"{time.perf_counter() - start:.5f}", flush=True)
