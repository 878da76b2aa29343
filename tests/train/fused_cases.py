"""Run by test_fused.py, on a GPU where there is one and under Triton's interpreter: each case against `TokenDivergence`
in float64 through autograd."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from itertools import product

import torch
from torch import Tensor, nn

from pidistill.train import fused
from pidistill.train.closed import closed_divergence
from pidistill.train.divergence import Importance, Side, TokenDivergence

KINDS = [("fkl", 0.5), ("rkl", 0.5), ("jsd", 0.0), ("jsd", 0.3), ("jsd", 0.9), ("jsd", 1.0)]
WIDTH = 8
EDGE = {torch.float32: 1e-4, torch.bfloat16: 0.15}
"""How far rounding may move a log-ratio, or a token's divergence. At the floor and at the clip the gradient jumps, so a
token that comes this near is compared by its value alone."""
DEVICE = torch.device("cuda" if torch.cuda.is_available() and not os.environ.get("TRITON_INTERPRET") else "cpu")

compared: list[tuple[int, int]] = []
"""Of each case, how many tokens are compared by their value alone, of how many."""


def divergences() -> list[TokenDivergence]:
    free = (-math.inf, math.inf)
    bounds = [free, (-0.5, math.inf), (-math.inf, 0.3), (-0.5, 0.3)]
    return [
        TokenDivergence(kind, beta, temperature, floor=-math.inf if kind == "jsd" else floor, clip=clip)  # type: ignore[arg-type]
        for (kind, beta), (floor, clip), temperature in product(KINDS, bounds, (1.0, 0.7))
    ]


def check(d: TokenDivergence, tokens: int, vocabulary: int, chunk: int, dtype: torch.dtype, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    hidden, told = torch.randn(2, tokens, WIDTH, generator=generator).to(DEVICE, dtype)
    same = torch.arange(tokens, device=DEVICE)[:, None] % 5 == 4
    told = torch.where(same, hidden, told)  # the same distribution on both sides
    head, frozen = (nn.Linear(WIDTH, vocabulary, bias=bias) for bias in (True, False))
    for linear in (head, frozen):
        linear.weight.data.copy_(torch.randn(vocabulary, WIDTH, generator=generator))
    weight_N = torch.rand(tokens, generator=generator) * (torch.rand(tokens, generator=generator) > 0.3)
    targets_N = torch.randint(vocabulary, (tokens,), generator=generator).to(DEVICE)
    said_N = -2 * torch.rand(tokens, generator=generator)
    head, frozen, weight_N = head.to(DEVICE, dtype), frozen.to(DEVICE, dtype), weight_N.to(DEVICE)
    importance = Importance(said_N.to(DEVICE), 1.5) if seed % 2 else None

    exact_hidden, exact_weight, exact_bias = (
        tensor.detach().double().requires_grad_() for tensor in (hidden, head.weight, head.bias)
    )
    logits = exact_hidden @ exact_weight.T + exact_bias
    told_logits = (told.double() @ frozen.weight.double().T).detach()
    near = jumps(d, logits.detach(), told_logits, EDGE[dtype])
    compared.append((int(near.sum()), tokens))
    weight_N = torch.where(near, 0.0, weight_N)
    expected = d.per_token(logits, told_logits)
    if importance is not None:
        expected = expected * importance.ratio(logits, targets_N, slice(None))
    total = 3 * expected @ weight_N.double()
    if total.requires_grad and tokens:
        total.backward()

    ours = hidden.clone().requires_grad_()
    ratio = None if importance is None else importance.of(targets_N)
    found = closed_divergence(
        d, Side(ours, head), Side(told, frozen), weight_N, chunk, ratio, kernel=fused.triton_kernel
    )
    (3 * found.total).backward()
    close = {"rtol": 1e-5, "atol": 6e-5} if dtype == torch.float32 else {"rtol": 0.05, "atol": 0.05}
    torch.testing.assert_close(found.per_token_N.double(), expected.detach(), **close)
    for mine, theirs in ((ours, exact_hidden), (head.weight, exact_weight), (head.bias, exact_bias)):
        exact = torch.zeros_like(theirs) if theirs.grad is None else theirs.grad
        assert isinstance(mine.grad, Tensor)
        torch.testing.assert_close(mine.grad.double(), exact, **close)


def jumps(d: TokenDivergence, student: Tensor, teacher: Tensor, edge: float) -> Tensor:
    """Which tokens come within `edge` of the floor or the clip; `[n]`."""
    student_log_p, teacher_log_p = (torch.log_softmax(logits / d.temperature, -1) for logits in (student, teacher))
    at_floor = ((teacher_log_p - student_log_p - d.floor).abs() < edge).any(-1)
    return at_floor | ((replace(d, clip=math.inf).per_token(student, teacher) - d.clip).abs() < edge)


def main() -> None:
    block, fused.BLOCK = fused.BLOCK, 8
    shapes = [(1, 2, 1), (3, 7, 2), (5, 8, 5), (6, 19, 4), (4, 33, 0), (5, 17, 2), (0, 5, 0)]
    for seed, d in enumerate(divergences()):
        for turn in (seed, seed + 3):
            tokens, vocabulary, chunk = shapes[turn % len(shapes)]
            check(d, tokens, vocabulary, chunk, torch.float32, turn)
    for seed, d in enumerate(divergences()[:: len(KINDS) - 1]):
        check(d, 6, 19, 4, torch.bfloat16, seed)
    left_out, tokens = map(sum, zip(*compared, strict=True))
    assert left_out < tokens / 10, f"of {tokens} tokens the gradients of {left_out} are not compared"
    far = torch.tensor([[0.0, 200.0, -200.0], [150.0, 0.0, 149.0]], device=DEVICE)
    for d, dtype in product(divergences(), (torch.float32, torch.bfloat16)):
        apart(d, far, far.flip(-1).contiguous(), dtype)
    if DEVICE.type == "cuda":  # sizes of use, in blocks of use
        fused.BLOCK = block
        for seed, d in enumerate(divergences()):
            pair = 4 * torch.randn(2, 3, (50257, 32768)[seed % 2], device=DEVICE)
            apart(d, pair[0], pair[0] + 0.5 * pair[1], torch.float32)


def apart(d: TokenDivergence, student: Tensor, teacher: Tensor, dtype: torch.dtype) -> None:
    """The kernel alone, with its gradient in a matrix of its own."""
    gradient = torch.empty_like(student, dtype=dtype)
    exact = student.double().requires_grad_()
    values = fused.triton_kernel(d, student.clone(), teacher, torch.ones(len(student), device=DEVICE), gradient)
    expected = d.per_token(exact, teacher.double())
    expected.sum().backward()
    torch.testing.assert_close(values.double(), expected.detach(), rtol=1e-5, atol=1e-5)
    assert exact.grad is not None
    rtol, atol = (1e-5, 2e-5) if dtype == torch.float32 else (0.01, 1e-4)
    torch.testing.assert_close(gradient.double(), exact.grad, rtol=rtol, atol=atol)


if __name__ == "__main__":
    main()
