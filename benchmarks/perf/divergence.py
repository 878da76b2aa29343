"""Time and memory of the distillation loss, forward and backward, against what others compute it with.

    python benchmarks/perf/divergence.py [--tokens 1024 --vocabulary 32768 --hidden 64] [--bfloat16]

All methods get the same hidden states and output heads and give the gradient of a token mean, for a student whose head
is frozen (LoRA) and one whose head is trained. They take turns within one run, the best of `--repeats` counts, and
ratios are to the plain computation over whole logit matrices; times on a shared machine say little by themselves.
`peak` is the most memory above the inputs: of the process on a CPU (Linux), of torch's allocator on a GPU. `error` is
the distance of the hidden states' gradient from that of the plain computation in float64, relative to its norm.

Peers, where they can be imported: TRL's GKD loss (whole logits), TRL's chunked loss of its DistillationTrainer.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pidistill.train.divergence import Side, TokenDivergence, chunked_divergence

Loss = Callable[[Tensor, nn.Linear, Tensor, nn.Linear, TokenDivergence], Tensor]


def plain(hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence) -> Tensor:
    """The definition over whole logit matrices."""
    with torch.no_grad():
        teacher_logits = teacher_head(teacher)
    return kind.per_token(head(hidden), teacher_logits).mean()


def chunked(hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence) -> Tensor:
    weight = torch.full((len(hidden),), 1 / len(hidden), device=hidden.device)
    return chunked_divergence(kind, Side(hidden, head), Side(teacher, teacher_head), weight).total


def trl_beta(kind: TokenDivergence) -> float:
    return {"fkl": 0.0, "rkl": 1.0, "jsd": kind.beta}[kind.kind]


def peers() -> dict[str, Loss]:
    """Other people's implementations, as far as they are installed."""
    try:
        os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
        with warnings.catch_warnings(action="ignore"):  # about versions of packages that play no part here
            from trl.experimental.gkd import GKDTrainer
            from trl.trainer.distillation_trainer import _chunked_divergence_loss
    except ImportError as error:
        print(f"TRL is left out: {error}")
        return {}

    def gkd(hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence) -> Tensor:
        with torch.no_grad():
            teacher_logits = teacher_head(teacher).float()
        loss = GKDTrainer.generalized_jsd_loss(
            head(hidden).float(), teacher_logits, beta=trl_beta(kind), num_items_in_batch=len(hidden)
        )
        assert isinstance(loss, Tensor)
        return loss

    def distillation(
        hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence
    ) -> Tensor:
        mask = torch.ones(1, len(hidden), device=hidden.device)
        weights = head.weight, teacher_head.weight.detach()
        loss = _chunked_divergence_loss(hidden[None], teacher[None], *weights, mask, trl_beta(kind))[0]
        assert isinstance(loss, Tensor)
        return loss

    return {"TRL GKD": gkd, "TRL chunked": distillation}


@dataclass
class Inputs:
    """One problem: what both sides bring."""

    hidden: Tensor
    head: nn.Linear
    teacher: Tensor
    teacher_head: nn.Linear

    @classmethod
    def draw(cls, tokens: int, vocabulary: int, width: int, dtype: torch.dtype, device: torch.device) -> Inputs:
        generator = torch.Generator().manual_seed(0)
        matrices = [torch.randn(rows, width, generator=generator) for rows in (tokens, vocabulary, tokens)]
        hidden, weight, noise = (matrix.to(device, dtype) for matrix in matrices)
        heads = [nn.Linear(width, vocabulary, bias=False, device=device, dtype=dtype) for _ in range(2)]
        for head in heads:
            head.weight.data.copy_(weight * 2 / width**0.5)
        return cls(hidden.requires_grad_(), heads[0], hidden.detach() + 0.3 * noise, heads[1])

    def double(self) -> Inputs:
        heads = [
            nn.Linear(h.in_features, h.out_features, bias=False).to(h.weight) for h in (self.head, self.teacher_head)
        ]
        for copy, head in zip(heads, (self.head, self.teacher_head), strict=True):
            copy.load_state_dict(head.state_dict())
        hidden = self.hidden.detach().double().requires_grad_()
        return Inputs(hidden, heads[0].double(), self.teacher.double(), heads[1].double())


@dataclass
class Measured:
    seconds: float
    peak: int | None
    """Bytes above the inputs; None where it cannot be read."""
    gradient: Tensor


class Peak:
    """Most memory in use within the block, above what was in use at its start."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.bytes: int | None = None

    def __enter__(self) -> Peak:
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            self._start: int | None = torch.cuda.memory_allocated(self.device)
        else:
            if sys.platform == "linux":  # give freed blocks back, or what reuses them would not be seen
                getattr(ctypes.CDLL(None), "malloc_trim", lambda pad: 0)(0)
            self._start = _resident("VmRSS")
            if self._start is not None:
                Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back
        return self

    def __exit__(self, *exception: object) -> None:
        now = torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else _resident("VmHWM")
        self.bytes = None if self._start is None or now is None else now - self._start


def _resident(field: str) -> int | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    (line,) = [line for line in status.read_text().splitlines() if line.startswith(field)]
    return int(line.split()[1]) * 1024


def measure(loss: Loss, inputs: Inputs, kind: TokenDivergence, train_head: bool) -> Measured:
    inputs.head.requires_grad_(train_head)
    wanted = [inputs.hidden, *([inputs.head.weight] if train_head else [])]
    device = inputs.hidden.device
    with Peak(device) as peak:
        start = time.perf_counter()
        gradients = torch.autograd.grad(
            loss(inputs.hidden, inputs.head, inputs.teacher, inputs.teacher_head, kind), wanted
        )
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - start
    return Measured(seconds, peak.bytes, gradients[0])


def compare(inputs: Inputs, kind: TokenDivergence, train_head: bool, repeats: int) -> None:
    methods: dict[str, Loss] = {"plain torch": plain, "pidistill": chunked, **peers()}
    runs: dict[str, list[Measured]] = {name: [] for name in methods}
    for _ in range(repeats):
        for name, loss in methods.items():
            runs[name].append(measure(loss, inputs, kind, train_head))
    exact = measure(plain, inputs.double(), kind, train_head=False).gradient
    base = runs["plain torch"]
    base_seconds = min(run.seconds for run in base)
    base_peak = max((run.peak for run in base if run.peak is not None), default=None)
    print(f"\n{kind.kind}, head {'trained' if train_head else 'frozen'}")
    print(f"  {'':12} {'time':>8} {'ratio':>7} {'peak MiB':>9} {'ratio':>7} {'error':>9}")
    for name, found in runs.items():
        seconds = min(run.seconds for run in found)
        peak = max((run.peak for run in found if run.peak is not None), default=None)
        memory = (
            "      n/a     n/a" if peak is None or not base_peak else f"{peak / 2**20:9.0f} {peak / base_peak:6.2f}x"
        )
        error = float((found[0].gradient.double() - exact).norm() / exact.norm())
        print(f"  {name:12} {seconds:7.3f}s {seconds / base_seconds:6.2f}x {memory} {error:9.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--vocabulary", type=int, default=32768)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--bfloat16", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if options.bfloat16 else torch.float32
    inputs = Inputs.draw(options.tokens, options.vocabulary, options.hidden, dtype, device)
    print(
        f"{options.tokens} tokens, vocabulary {options.vocabulary}, hidden {options.hidden}, {dtype} on {device}: "
        f"one logit matrix in float32 is {options.tokens * options.vocabulary * 4 / 2**20:.0f} MiB"
    )
    for kind in (TokenDivergence("fkl"), TokenDivergence("rkl"), TokenDivergence("jsd")):
        for train_head in (False, True):
            compare(inputs, kind, train_head, options.repeats)


if __name__ == "__main__":
    main()
