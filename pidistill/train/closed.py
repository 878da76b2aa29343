"""The divergence over a whole vocabulary in closed form: value and gradient without autograd, a chunk at a time.

For a chunk of tokens both sides' logits are computed once, by one matrix product each, and the gradient of the
divergence with respect to the student's logits then takes their place, from where one more product, two with a trained
head, leads to hidden states and weights. No intermediate result of the loss is kept, so a chunk costs two matrices, and
every product is done once: what a recomputation in the backward pass would do again is not thrown away.

What turns logits into values and gradients is a `Kernel`. `torch_kernel` runs anywhere, row block by row block so that
what it works on is small; on a GPU `fused.triton_kernel` does all of it in one launch. Supports other than
the full vocabulary, whose gradient sits on few tokens, are left to autograd (`chunked`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from pidistill.train.chunked import Chunked, accumulator, chunk_size, scaled
from pidistill.train.scoring import LogitHead

if TYPE_CHECKING:
    from pidistill.train.divergence import Side, TokenDivergence

Kernel = Callable[["TokenDivergence", Tensor, Tensor, Tensor, Tensor], Tensor]
"""(divergence, student's logits `[n, V]`, teacher's, coefficient `[n]`, gradient `[n, V]`) -> divergence of each token.

Both matrices of logits are of the type that is added up in and are the kernel's to overwrite. Into the last it writes
the coefficient times the gradient with respect to the student's logits; it may be the student's logits themselves, or a
matrix of the type that the next product takes."""

SHARE = 3
"""A chunk has a third of the tokens (`chunked.chunk_size`): both sides' matrices are then less than a tenth of what
the plain computation keeps."""
BLOCK_ELEMENTS = 2**19
"""Logits that `torch_kernel` works on at a time on a CPU: 2 MiB in float32, of which it needs one or two beside."""
FARTHEST = 80.0
"""Log-ratio beyond which a mixture is one side alone to the last bit of float32."""


def closed_divergence(
    divergence: TokenDivergence,
    student: Side,
    teacher: Side,
    weight_N: Tensor,
    chunk_tokens: int = 0,
    ratio: Callable[[Tensor, slice], Tensor] | None = None,
    kernel: Kernel | None = None,
) -> Chunked:
    """As `divergence.chunked_divergence`, for the full support. `ratio` is the importance weight of a chunk's tokens,
    found from the student's logits; `kernel` is chosen by the device if it is None."""
    parameters = [parameter for parameter in student.head.parameters() if parameter.requires_grad]
    vocabulary = _vocabulary(student)
    size = chunk_tokens or chunk_size(student.hidden_NH.device, len(weight_N), vocabulary, SHARE)
    kernel = kernel or kernel_for(student.hidden_NH)
    work = _Work(divergence, student.head, teacher, size, vocabulary, ratio, kernel)
    total, per_token_N = _Closed.apply(student.hidden_NH, weight_N, work, *parameters)
    return Chunked(total, per_token_N)


def kernel_for(hidden: Tensor) -> Kernel:
    """The fused kernel on a GPU where Triton is installed, otherwise torch's operations."""
    if hidden.device.type == "cuda" and accumulator(hidden.dtype) == torch.float32:
        try:
            from pidistill.train.fused import triton_kernel
        except ImportError:  # Triton comes with torch on Linux only
            return torch_kernel
        return triton_kernel
    return torch_kernel


def torch_kernel(
    divergence: TokenDivergence, student: Tensor, teacher: Tensor, coefficient_N: Tensor, gradient: Tensor
) -> Tensor:
    """`Kernel` in torch's operations."""
    values_N = student.new_empty(len(student))
    rows = max(1, BLOCK_ELEMENTS // student.shape[-1]) if student.device.type == "cpu" else max(1, len(student))
    for start in range(0, len(student), rows):
        block = slice(start, start + rows)
        values_N[block] = _block(divergence, student[block], teacher[block], coefficient_N[block])
    if gradient is not student:
        gradient.copy_(student)
    return values_N


def _block(d: TokenDivergence, student: Tensor, teacher: Tensor, coefficient_N: Tensor) -> Tensor:
    """One block, mostly in place, and few operations: each of them has the cores wait for one another."""
    if d.temperature != 1:
        student.div_(d.temperature)
        teacher.div_(d.temperature)
    for logits in (student, teacher):
        torch.log_softmax(logits, -1, out=logits)
    kind = d.kind if d.kind != "jsd" else {0.0: "fkl", 1.0: "rkl"}.get(d.beta, "jsd")
    free, scale = math.isinf(d.floor), 1.0
    t = None if kind == "rkl" else teacher.exp()
    ratio = teacher.sub_(student)  # log T - log S
    s = student.exp_()
    if t is None:
        counting = None if free else s * (ratio >= d.floor)  # what the floor does not hold fast
        held = ratio.neg_() if free else ratio.clamp_(min=d.floor).neg_()
        values = (s * held).sum(-1)
        if counting is None:
            s.mul_(held.sub_(values[:, None]))
        else:
            s.mul_(held.sub_((values + counting.sum(-1))[:, None])).add_(counting)
    elif kind == "fkl":
        if free:
            s.sub_(t)
        else:
            counting = t * (ratio >= d.floor)
            s.mul_(counting.sum(-1, keepdim=True)).sub_(counting)
            ratio.clamp_(min=d.floor)
        values = ratio.mul_(t).sum(-1)
    else:
        # log S - log M and log T - log M from the log-ratio alone: exact where both sides agree
        to_student = ratio.clamp(max=FARTHEST).expm1_().mul_(d.beta).log1p_().neg_()
        to_teacher = ratio.neg_().clamp_(max=FARTHEST).expm1_().mul_(1 - d.beta).log1p_().neg_()
        of_teacher = t.mul_(to_teacher).sum(-1)
        of_student = torch.mul(s, to_student, out=t).sum(-1)
        values, scale = d.beta * of_teacher + (1 - d.beta) * of_student, 1 - d.beta
        s.mul_(to_student.sub_(of_student[:, None]))
    coefficient_N = coefficient_N.to(s.dtype) * (scale / d.temperature)
    s.mul_(torch.where(values > d.clip, 0.0, coefficient_N)[:, None])
    return values.clamp_(max=d.clip)


@dataclass(frozen=True)
class _Linear:
    """A head that is one matrix product, with `type` its product's type."""

    weight_VH: Tensor
    bias: Tensor | None
    dtype: torch.dtype
    cast: Tensor
    """The weight in `dtype`."""

    @classmethod
    def of(cls, head: nn.Module, hidden: Tensor, other: _Linear | None = None) -> _Linear | None:
        """None where the head does something else besides, or might. `other` may be of the same weights."""
        if isinstance(head, LogitHead) and head.scale == 1 and head.softcap is None:
            head = head.projection
        if type(head) is not nn.Linear or head._forward_hooks or head._forward_pre_hooks:
            return None
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
        if not torch.is_autocast_enabled(kind) and head.weight.dtype != dtype:
            return None  # torch itself would refuse: let it say so
        same = other is not None and other.weight_VH is head.weight and other.dtype == dtype
        cast = other.cast if same and other is not None else head.weight.detach().to(dtype)
        return cls(head.weight, head.bias, dtype, cast)

    def logits(self, hidden: Tensor, out: Tensor) -> None:
        """Into `out`, in float32 at least; on a GPU they are never rounded to less."""
        hidden, bias = hidden.detach().to(self.dtype), None if self.bias is None else self.bias.detach()
        if out.dtype != self.dtype and hidden.device.type != "cuda":
            out.copy_(nn.functional.linear(hidden, self.cast, None if bias is None else bias.to(self.dtype)))
            return
        if out.dtype == self.dtype:
            torch.mm(hidden, self.cast.t(), out=out)
        else:
            torch.mm(hidden, self.cast.t(), out_dtype=out.dtype, out=out)
        if bias is not None:
            out.add_(bias)

    def backward(self, gradient: Tensor, hidden: Tensor, hidden_grad: Tensor | None, sums: dict[int, Tensor]) -> None:
        """From the logits' gradient to that of the hidden states, and onto the sums of the parameters, by identity."""
        if self.bias is not None and (of_bias := sums.get(id(self.bias))) is not None:
            of_bias += gradient.sum(0, dtype=of_bias.dtype)
        gradient = gradient.to(self.dtype)
        if hidden_grad is not None and hidden_grad.dtype == self.dtype:
            torch.mm(gradient, self.cast, out=hidden_grad)
        elif hidden_grad is not None:
            hidden_grad.copy_(torch.mm(gradient, self.cast))
        if (of_weight := sums.get(id(self.weight_VH))) is not None:
            hidden = hidden.detach().to(self.dtype)
            if of_weight.dtype == self.dtype:
                of_weight.addmm_(gradient.t(), hidden)
            elif hidden.device.type == "cuda":
                torch.addmm(of_weight, gradient.t(), hidden, out_dtype=of_weight.dtype, out=of_weight)
            else:
                of_weight += torch.mm(gradient.t(), hidden)


@dataclass(frozen=True)
class _Work:
    """What one call computes."""

    divergence: TokenDivergence
    head: nn.Module
    teacher: Side
    chunk_tokens: int
    vocabulary: int
    ratio: Callable[[Tensor, slice], Tensor] | None
    kernel: Kernel


class _Closed(torch.autograd.Function):  # type: ignore[misc]
    """Value and gradient in one pass: the backward pass only scales what the forward pass has found."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, hidden_NH: Tensor, weight_N: Tensor, work: _Work, *parameters: Tensor
    ) -> tuple[Tensor, Tensor]:
        hidden_grad = torch.empty_like(hidden_NH) if ctx.needs_input_grad[0] else None
        sums = {id(p): torch.zeros_like(p, dtype=accumulator(p.dtype)) for p in parameters}
        kind, teacher = accumulator(hidden_NH.dtype), work.teacher
        per_token_N = hidden_NH.new_empty(len(hidden_NH), dtype=kind)
        ours = _Linear.of(work.head, hidden_NH)
        theirs = _Linear.of(teacher.head, teacher.hidden_NH, ours)
        rows = min(work.chunk_tokens, len(hidden_NH))
        buffers = [hidden_NH.new_empty(rows, work.vocabulary, dtype=kind) if side else None for side in (ours, theirs)]
        narrow = None  # for the gradient: a GPU's kernel writes it as the next product takes it
        if ours is not None and ours.dtype != kind and hidden_NH.device.type == "cuda":
            narrow = hidden_NH.new_empty(rows, work.vocabulary, dtype=ours.dtype)
        for start in range(0, len(hidden_NH), work.chunk_tokens):
            chunk = slice(start, start + work.chunk_tokens)
            hidden, told = hidden_NH[chunk].detach(), teacher.hidden_NH[chunk]
            student_logits, teacher_logits = (None if b is None else b[: len(hidden)] for b in buffers)
            with torch.autocast(hidden.device.type, enabled=False):
                if ours is not None:
                    ours.logits(hidden, student_logits)
                if theirs is not None:
                    theirs.logits(told, teacher_logits)
            if teacher_logits is None:
                teacher_logits = _own(teacher.head(told), kind)
            graph = None
            if student_logits is None:
                hidden.requires_grad_(hidden_grad is not None)
                with torch.enable_grad():
                    graph = work.head(hidden)
                student_logits = _own(graph.detach(), kind)
            coefficient_N = weight_N[chunk].to(kind)
            ratio_N = None if work.ratio is None else work.ratio(student_logits, chunk)
            if ratio_N is not None:
                coefficient_N = coefficient_N * ratio_N
            gradient = student_logits if narrow is None else narrow[: len(hidden)]
            values = work.kernel(work.divergence, student_logits, teacher_logits, coefficient_N, gradient)
            per_token_N[chunk] = values if ratio_N is None else values * ratio_N
            if graph is not None:
                _through_graph(graph, gradient, hidden, hidden_grad, chunk, parameters, sums)
            elif ours is not None:
                with torch.autocast(hidden.device.type, enabled=False):
                    piece = None if hidden_grad is None else hidden_grad[chunk]
                    ours.backward(gradient, hidden, piece, sums)
        ctx.save_for_backward(hidden_grad, *(sums[id(p)].to(p.dtype) for p in parameters))
        ctx.mark_non_differentiable(per_token_N)
        return per_token_N @ weight_N.to(kind), per_token_N

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: FunctionCtx, total_grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        hidden_grad, *head_grads = scaled(ctx.saved_tensors, total_grad)
        return (hidden_grad, None, None, *head_grads)


def _through_graph(
    logits: Tensor,
    gradient: Tensor,
    hidden: Tensor,
    hidden_grad: Tensor | None,
    chunk: slice,
    parameters: tuple[Tensor, ...],
    sums: dict[int, Tensor],
) -> None:
    """The gradient of a head that is more than one product, by autograd."""
    wanted = [*([] if hidden_grad is None else [hidden]), *parameters]
    if not wanted:
        return
    found = list(torch.autograd.grad(logits, wanted, gradient.to(logits.dtype)))
    if hidden_grad is not None:
        hidden_grad[chunk] = found.pop(0)
    for parameter, grad in zip(parameters, found, strict=True):
        sums[id(parameter)] += grad


def _own(logits: Tensor, dtype: torch.dtype) -> Tensor:
    """A copy to write into."""
    return logits.to(dtype, copy=True)


@torch.no_grad()  # type: ignore[untyped-decorator]
def _vocabulary(side: Side) -> int:
    head = side.head.projection if isinstance(side.head, LogitHead) else side.head
    if type(head) is nn.Linear:
        return int(head.out_features)
    return int(side.head(side.hidden_NH[:1]).shape[-1]) if len(side.hidden_NH) else 1
