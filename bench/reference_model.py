# SPDX-License-Identifier: MIT
"""The published Python models and their training step, for the scripts in this
folder. The user fetches the implementation (SamsungSAILMontreal/
TinyRecursiveModels) and adds it to sys.path before importing this module. A
formula replaces the package of AdamATan2, which needs a GPU to build."""
import sys
import types

import torch

try:
    import pydantic  # noqa: F401
except ImportError:
    class BaseModel:
        """Of pydantic's, the published configurations need only fields."""

        def __init__(self, **values):
            vars(self).update(values)

    sys.modules["pydantic"] = types.ModuleType("pydantic")
    sys.modules["pydantic"].BaseModel = BaseModel

# The checkout imports pydantic.
from models.losses import ACTLossHead  # noqa: E402
from models.recursive_reasoning.hrm import HierarchicalReasoningModel_ACTV1  # noqa: E402
from models.recursive_reasoning.trm import TinyRecursiveReasoningModel_ACTV1  # noqa: E402
from models.sparse_embedding import CastedSparseEmbeddingSignSGD_Distributed  # noqa: E402


def make(system, *, batch, cells, vocabulary, ids, hidden, heads, layers, H, L,
         prefix, halt_max_steps, exploration=0.1, precision="float32"):
    """system: trm, mixer or hrm."""
    config = dict(
        batch_size=batch, seq_len=cells, puzzle_emb_ndim=hidden,
        num_puzzle_identifiers=ids, vocab_size=vocabulary, H_cycles=H,
        L_cycles=L, H_layers=layers if system == "hrm" else 0, L_layers=layers,
        hidden_size=hidden, expansion=4, num_heads=heads,
        pos_encodings="none" if system == "mixer" else "rope",
        halt_max_steps=halt_max_steps, halt_exploration_prob=exploration,
        forward_dtype="bfloat16" if precision == "bf16" else "float32")
    if system == "hrm":
        model = HierarchicalReasoningModel_ACTV1(config)
    else:
        model = TinyRecursiveReasoningModel_ACTV1(dict(
            config, mlp_t=system == "mixer", puzzle_emb_len=prefix,
            no_ACT_continue=True))
    return ACTLossHead(model, loss_type="stablemax_cross_entropy")


class Trainer:
    """One optimiser step at a time, in the published order."""

    def __init__(self, model, batch, *, lr=1e-4, puzzle_lr=1e-2, wd=0.1,
                 puzzle_wd=0.1, warmup=0, ema=0.999, run=None):
        self.model, self.batch = model, batch
        self.run = model if run is None else run
        self.lr, self.puzzle_lr, self.wd = lr, puzzle_lr, wd
        self.warmup, self.ema = warmup, ema
        self.parameters = list(model.parameters())
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p))
                        for p in self.parameters]
        self.shadow = [p.detach().clone() for p in self.parameters]
        self.sign = CastedSparseEmbeddingSignSGD_Distributed(
            model.model.puzzle_emb.buffers(), lr=puzzle_lr,
            weight_decay=puzzle_wd, world_size=1)
        self.updates = 0
        self.carry = None
        model.train()

    @torch.no_grad()
    def adam_atan2(self, lr, b1=0.9, b2=0.95):
        for p, (m, v) in zip(self.parameters, self.moments):
            if p.grad is None:
                continue
            p.mul_(1 - lr * self.wd)
            m.lerp_(p.grad, 1 - b1)
            v.lerp_(p.grad * p.grad, 1 - b2)
            p.sub_(torch.atan2(m, v.sqrt() / (1 - b2**self.updates) ** 0.5),
                   alpha=lr / (1 - b1**self.updates))
            p.grad = None

    def step(self, batch):
        """batch: inputs, labels (-100 ignored), puzzle_identifiers, int32.
        Returns the loss per row."""
        if self.carry is None:
            self.carry = self.model.initial_carry(batch)
        self.carry, loss, _, _, _ = self.run(carry=self.carry, batch=batch,
                                             return_keys=[])
        ((1 / self.batch) * loss).backward()
        self.updates += 1
        rate = min(1.0, self.updates / self.warmup) if self.warmup else 1.0
        for group in self.sign.param_groups:
            group["lr"] = rate * self.puzzle_lr
        self.sign.step()
        self.adam_atan2(rate * self.lr)
        with torch.no_grad():
            for s, p in zip(self.shadow, self.parameters):
                s.mul_(self.ema).add_(p, alpha=1 - self.ema)
        return loss / self.batch
