"""`closed.Kernel` on a GPU: everything between two matrix products in one launch, one program a token.

A program reads its row of both sides' logits twice: for the two normalisers, and with them the value where that is an
expectation of the log-ratio (forward and reverse KL); and for the gradient, which it writes in the type that the next
product takes. A third reading comes between where the value needs normalised log-ratios: for the floor and for JSD.
Sums are in float32.

The products themselves stay with the vendor's library, which no kernel here would beat; what is saved against a
kernel that forms tiles of logits itself is the second and third time those tiles are formed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
import triton  # type: ignore[import-untyped,import-not-found,unused-ignore]
import triton.language as tl  # type: ignore[import-untyped,import-not-found,unused-ignore]
from torch import Tensor

from pidistill.train.closed import FARTHEST

if TYPE_CHECKING:
    from pidistill.train.divergence import TokenDivergence

FKL, RKL, JSD = 0, 1, 2
BLOCK = 4096
"""Logits of one side that a program holds at a time."""
WARPS = 16


def triton_kernel(
    divergence: TokenDivergence, student: Tensor, teacher: Tensor, coefficient_N: Tensor, gradient: Tensor
) -> Tensor:
    """`Kernel` for float32 logits, on a GPU or under Triton's interpreter."""
    if student.dtype != torch.float32 or not student.stride(-1) == teacher.stride(-1) == gradient.stride(-1) == 1:
        raise ValueError(f"the fused kernel takes rows of float32 logits, got {student.dtype}")
    tokens, vocabulary = student.shape
    values_N = student.new_empty(tokens)
    kind = {"fkl": FKL, "rkl": RKL}.get(divergence.kind, {0.0: FKL, 1.0: RKL}.get(divergence.beta, JSD))
    block = min(BLOCK, triton.next_power_of_2(vocabulary))
    floor, clip = (not math.isinf(bound) for bound in (divergence.floor, divergence.clip))
    if tokens:
        _rows[(tokens,)](
            student, student.stride(0), teacher, teacher.stride(0), gradient, gradient.stride(0),
            coefficient_N.float().contiguous(), values_N, vocabulary, 1 / divergence.temperature,
            divergence.beta, divergence.floor, divergence.clip,
            KIND=kind, FLOOR=floor, CLIP=clip, FARTHEST=FARTHEST, BLOCK=block, num_warps=WARPS,
        )  # fmt: skip
    return values_N


@triton.jit  # type: ignore[untyped-decorator]
def _rows(  # type: ignore[no-untyped-def]
    student, student_stride, teacher, teacher_stride, gradient, gradient_stride, coefficients, values, size,
    inverse_temperature, beta, floor, clip,
    KIND: tl.constexpr, FLOOR: tl.constexpr, CLIP: tl.constexpr, FARTHEST: tl.constexpr, BLOCK: tl.constexpr,
) -> Any:  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    student += row * student_stride
    teacher += row * teacher_stride
    gradient += row * gradient_stride
    beta = tl.cast(beta, tl.float32)
    inverse_temperature = tl.cast(inverse_temperature, tl.float32)
    EXPECTED: tl.constexpr = 2 if KIND == 2 or FLOOR else KIND
    log_zs, log_zt, total = _normalisers(student, teacher, size, inverse_temperature, EXPECTED, BLOCK)
    coefficient = tl.load(coefficients + row) * inverse_temperature

    # What the gradient subtracts: the mass that the floor lets count (fKL), that and the value (rKL), KL(S || M) (JSD).
    aside = 1.0
    if EXPECTED == 2:
        # Partial sums stay apart, one for each place in a block, until the row is done.
        value = tl.zeros([BLOCK], tl.float32)
        second = tl.zeros([BLOCK], tl.float32)
        for start in range(0, size, BLOCK):
            x, y, mask = _log_p(student, teacher, start, size, log_zs, log_zt, inverse_temperature, BLOCK)
            s = tl.where(mask, tl.exp(x), 0.0)
            t = tl.where(mask, tl.exp(y), 0.0)
            ratio = tl.where(mask, y - x, 0.0)
            if KIND == 2:
                to_student, to_teacher = _to_mixture(ratio, beta, FARTHEST)
                second += s * to_student
                value += beta * t * to_teacher + (1 - beta) * s * to_student
            elif KIND == 1:
                value -= s * tl.maximum(ratio, floor)
                second += tl.where(ratio >= floor, s, 0.0)
            else:
                value += t * tl.maximum(ratio, floor)
                second += tl.where(ratio >= floor, t, 0.0)
        total = tl.sum(value, axis=0)
        aside = tl.sum(second, axis=0)
    if KIND == 1:
        aside += total
    if CLIP:
        coefficient = tl.where(total > clip, 0.0, coefficient)
        total = tl.minimum(total, clip)
    tl.store(values + row, total)

    for start in range(0, size, BLOCK):
        x, y, mask = _log_p(student, teacher, start, size, log_zs, log_zt, inverse_temperature, BLOCK)
        s = tl.where(mask, tl.exp(x), 0.0)
        ratio = tl.where(mask, y - x, 0.0)
        if KIND == 2:
            to_student, to_teacher = _to_mixture(ratio, beta, FARTHEST)
            found = (1 - beta) * s * (to_student - aside)
        elif KIND == 1:
            if FLOOR:
                found = s * (tl.where(ratio >= floor, 1.0, 0.0) - tl.maximum(ratio, floor) - aside)
            else:
                found = s * (1.0 - ratio - aside)
        else:
            t = tl.where(mask, tl.exp(y), 0.0)
            found = s * aside - tl.where(ratio >= floor, t, 0.0) if FLOOR else s - t
        offsets = start + tl.arange(0, BLOCK)
        tl.store(gradient + offsets, (coefficient * found).to(gradient.dtype.element_ty), mask=mask)


@triton.jit  # type: ignore[untyped-decorator]
def _normalisers(  # type: ignore[no-untyped-def]
    student, teacher, size, inverse_temperature, EXPECTED: tl.constexpr, BLOCK: tl.constexpr
) -> Any:
    """Log of the sum of exponentials of both rows, and KL(T || S) (`EXPECTED` 0) or KL(S || T) (1), in one reading."""
    top_s = tl.full([BLOCK], -3e38, tl.float32)
    top_t = tl.full([BLOCK], -3e38, tl.float32)
    sum_s = tl.zeros([BLOCK], tl.float32)
    sum_t = tl.zeros([BLOCK], tl.float32)
    apart = tl.zeros([BLOCK], tl.float32)
    for start in range(0, size, BLOCK):
        offsets = start + tl.arange(0, BLOCK)
        mask = offsets < size
        a = tl.load(student + offsets, mask=mask, other=-3e38).to(tl.float32) * inverse_temperature
        b = tl.load(teacher + offsets, mask=mask, other=-3e38).to(tl.float32) * inverse_temperature
        higher_s = tl.maximum(top_s, a)
        higher_t = tl.maximum(top_t, b)
        kept_s, new_s = tl.exp(top_s - higher_s), tl.where(mask, tl.exp(a - higher_s), 0.0)
        kept_t, new_t = tl.exp(top_t - higher_t), tl.where(mask, tl.exp(b - higher_t), 0.0)
        sum_s = sum_s * kept_s + new_s
        sum_t = sum_t * kept_t + new_t
        if EXPECTED == 0:
            apart = apart * kept_t + new_t * tl.where(mask, b - a, 0.0)
        elif EXPECTED == 1:
            apart = apart * kept_s + new_s * tl.where(mask, a - b, 0.0)
        top_s = higher_s
        top_t = higher_t
    most_s = tl.max(top_s, axis=0)
    most_t = tl.max(top_t, axis=0)
    share_s = tl.exp(top_s - most_s)
    share_t = tl.exp(top_t - most_t)
    total_s = tl.sum(sum_s * share_s, axis=0)
    total_t = tl.sum(sum_t * share_t, axis=0)
    log_zs = most_s + tl.log(total_s)
    log_zt = most_t + tl.log(total_t)
    value = log_zs - log_zs
    if EXPECTED == 0:
        value = tl.sum(apart * share_t, axis=0) / total_t + (log_zs - log_zt)
    elif EXPECTED == 1:
        value = tl.sum(apart * share_s, axis=0) / total_s + (log_zt - log_zs)
    return log_zs, log_zt, value


@triton.jit  # type: ignore[untyped-decorator]
def _log_p(  # type: ignore[no-untyped-def]
    student, teacher, start, size, log_zs, log_zt, inverse_temperature, BLOCK: tl.constexpr
) -> Any:
    """Log-probabilities of a block of both rows, and which of its places exist."""
    offsets = start + tl.arange(0, BLOCK)
    mask = offsets < size
    a = tl.load(student + offsets, mask=mask, other=0.0).to(tl.float32) * inverse_temperature
    b = tl.load(teacher + offsets, mask=mask, other=0.0).to(tl.float32) * inverse_temperature
    return a - log_zs, b - log_zt, mask


@triton.jit  # type: ignore[untyped-decorator]
def _to_mixture(ratio, beta, FARTHEST: tl.constexpr) -> Any:  # type: ignore[no-untyped-def]
    """log S - log M and log T - log M from log T - log S alone: both are 0 where that is."""
    to_student = -tl.log(1.0 + beta * (tl.exp(tl.minimum(ratio, FARTHEST)) - 1.0))
    to_teacher = -tl.log(1.0 + (1.0 - beta) * (tl.exp(tl.minimum(-ratio, FARTHEST)) - 1.0))
    return to_student, to_teacher
