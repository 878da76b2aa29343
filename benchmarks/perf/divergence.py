"""Time and memory of the distillation loss, forward and backward, against what others compute it with.

    python benchmarks/perf/divergence.py [--tokens 512 --vocabulary 32768 --hidden 1024] [--kinds fkl,jsd] [--out FILE]

All methods get the same hidden states and output heads and give the gradient of a token mean, for a student whose head
is frozen (LoRA) and one whose head is trained. They take turns within one run, after a first turn that warms up; the
best of `--repeats` counts, and ratios are to the plain computation over whole logit matrices, or to the products where
a GPU has too little memory for it. Times on a shared machine say little by themselves, and the processor's seconds,
which other programs do not add to, say more than the clock's. `peak` is the most memory above the inputs: of the
process on a CPU (Linux), of torch's allocator on a GPU; a trained head's gradient, which every method hands back, is
part of it and its size is told. `error` is the distance of the hidden states' gradient from that of the plain
computation in float64, relative to its norm, over the first tokens, up to 2**25 logits of them. `products` is the time
of the matrix products alone: two forward and one backward, or two with a trained head.

Peers, where they can be imported: TRL's chunked loss of its DistillationTrainer, its GKD loss, and the losses of its
SDFT and SDPO trainers (one function): on the full vocabulary, and as shipped, on the student's 100 likeliest tokens,
which is another loss. On a GPU also Liger's fused JSD.
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

EXACT = 2**25
"""Logits of a side for whose tokens the plain computation is also done in float64."""
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
            from trl.experimental.sdft import loss_utils
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

    def sdft(
        hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence
    ) -> Tensor:
        with torch.no_grad():
            teacher_logits = teacher_head(teacher)
        loss = loss_utils.compute_full_logit_self_distillation_loss(
            head(hidden), teacher_logits, distillation_alpha=trl_beta(kind)
        ).mean()
        assert isinstance(loss, Tensor)
        return loss

    def shipped(
        hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence
    ) -> Tensor:
        with torch.no_grad():
            teacher_logits = teacher_head(teacher)
        loss = loss_utils.compute_topk_self_distillation_loss(
            head(hidden), teacher_logits, distillation_topk=100, distillation_alpha=trl_beta(kind),
            distillation_add_tail=False,
        ).mean()  # fmt: skip
        assert isinstance(loss, Tensor)
        return loss

    found: dict[str, Loss] = {
        "TRL chunked": distillation, "TRL GKD": gkd, "TRL SDFT/SDPO": sdft, "  top 100": shipped,
    }  # fmt: skip
    if not torch.cuda.is_available():
        print("Liger's fused JSD is left out: its kernels need a GPU.")
        return found
    try:
        from liger_kernel.transformers import LigerFusedLinearJSD
    except ImportError as error:
        print(f"Liger's fused JSD is left out: {error}")
        return found

    def liger(
        hidden: Tensor, head: nn.Linear, teacher: Tensor, teacher_head: nn.Linear, kind: TokenDivergence
    ) -> Tensor:
        module = LigerFusedLinearJSD(jsd_beta=trl_beta(kind))
        loss = module(hidden, head.weight, teacher, teacher_head.weight.detach(), None)
        assert isinstance(loss, Tensor)
        return loss

    return {**found, "Liger fused": liger}


@torch.no_grad()  # type: ignore[untyped-decorator]
def products(inputs: Inputs, train_head: bool) -> list[Tensor]:
    """The matrix products alone, with the logits for their gradient: what no method can do without."""
    inputs.teacher_head(inputs.teacher)
    logits = inputs.head(inputs.hidden)
    return [logits @ inputs.head.weight, *([logits.T @ inputs.hidden] if train_head else [])]


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

    def double(self, tokens: int) -> Inputs:
        """The first tokens, in float64."""
        heads = [
            nn.Linear(h.in_features, h.out_features, bias=False).to(h.weight) for h in (self.head, self.teacher_head)
        ]
        for copy, head in zip(heads, (self.head, self.teacher_head), strict=True):
            copy.load_state_dict(head.state_dict())
        hidden = self.hidden.detach()[:tokens].double().requires_grad_()
        return Inputs(hidden, heads[0].double(), self.teacher[:tokens].double(), heads[1].double())


@dataclass
class Measured:
    seconds: float
    processor: float
    """Seconds of all cores, of this process alone."""
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


def measure(loss: Loss | None, inputs: Inputs, kind: TokenDivergence, train_head: bool) -> Measured:
    """One turn of one method; None: the products alone."""
    inputs.head.requires_grad_(train_head)
    wanted = [inputs.hidden, *([inputs.head.weight] if train_head else [])]
    device = inputs.hidden.device
    with Peak(device) as peak:
        start, busy = time.perf_counter(), time.process_time()
        if loss is None:
            gradients = products(inputs, train_head)
        else:
            value = loss(inputs.hidden, inputs.head, inputs.teacher, inputs.teacher_head, kind)
            gradients = list(torch.autograd.grad(value, wanted))
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
    return Measured(seconds, busy, peak.bytes, gradients[0])


def compare(inputs: Inputs, kind: TokenDivergence, train_head: bool, repeats: int) -> str:
    """A table of one divergence."""
    methods: dict[str, Loss | None] = {"plain torch": plain, "pidistill": chunked, **peers(), "products": None}
    runs: dict[str, list[Measured]] = {name: [] for name in methods}
    refused: dict[str, str] = {}
    for turn in range(repeats + 1):
        for name, loss in methods.items():
            if name in refused:
                continue
            try:
                found = measure(loss, inputs, kind, train_head)
            except torch.OutOfMemoryError:
                refused[name] = "more memory than the GPU has"
                torch.cuda.empty_cache()
                continue
            if turn:
                runs[name].append(found)
    tokens = len(inputs.hidden)
    first = min(tokens, max(1, EXACT // inputs.head.out_features))
    exact = measure(plain, inputs.double(first), kind, train_head=False).gradient * (first / tokens)
    base_seconds, base_processor, base_peak = _best(runs["plain torch"] or runs["products"])
    own = f", its gradient {inputs.head.weight.nbytes >> 20} MiB" if train_head else ""
    lines = [
        f"\n{kind.kind}, head {'trained' if train_head else 'frozen'}{own}",
        f"  {'':14} {'time':>8} {'ratio':>7} {'processor':>9} {'ratio':>7} {'peak MiB':>9} {'ratio':>7} {'error':>9}",
    ]
    for name, found in runs.items():
        if not found:
            lines.append(f"  {name:14} {refused[name]}")
            continue
        seconds, processor, peak = _best(found)
        memory = (
            "      n/a     n/a" if peak is None or not base_peak else f"{peak / 2**20:9.0f} {peak / base_peak:6.2f}x"
        )
        same = name not in ("products", "  top 100")  # which compute something else
        error = float((found[0].gradient[:first].double() - exact).norm() / exact.norm())
        lines.append(
            f"  {name:14} {seconds:7.4f}s {seconds / base_seconds:6.2f}x {processor:8.3f}s "
            f"{processor / base_processor:6.2f}x {memory} {f'{error:9.1e}' if same else '        -'}"
        )
    return "\n".join(lines)


def _best(runs: list[Measured]) -> tuple[float, float, int | None]:
    peak = max((run.peak for run in runs if run.peak is not None), default=None)
    return min(run.seconds for run in runs), min(run.processor for run in runs), peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=32768)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", default="fkl,rkl,jsd")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--frozen", action="store_true", help="leave out the trained head")
    parser.add_argument("--out", type=Path, help="add the tables to this file, with the command")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if options.bfloat16 else torch.float32
    inputs = Inputs.draw(options.tokens, options.vocabulary, options.hidden, dtype, device)
    named = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    tables = [
        f"{named}, torch {torch.__version__}, {torch.get_num_threads()} threads: {options.tokens} tokens, vocabulary "
        f"{options.vocabulary}, hidden {options.hidden}, {dtype}: one logit matrix in float32 is "
        f"{options.tokens * options.vocabulary * 4 / 2**20:.0f} MiB"
    ]
    print(tables[0], flush=True)
    for kind in options.kinds.split(","):
        for train_head in (False,) if options.frozen else (False, True):
            tables.append(compare(inputs, TokenDivergence(kind), train_head, options.repeats))
            print(tables[-1], flush=True)
    if options.out:
        command = " ".join(["python", *(word for word in sys.argv)])
        with options.out.open("a", encoding="utf-8") as file:
            file.write(f"$ {command}\n" + "\n".join(tables) + "\n\n")


if __name__ == "__main__":
    main()
