"""Every divergence on every support: its definition in float64, its gradient, and what estimates and limits promise."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor, nn

from pidistill.config import TrainConfig
from pidistill.train.divergence import Importance, Side, TokenDivergence, chunked_divergence

KINDS = [("fkl", 0.5), ("rkl", 0.5), ("jsd", 0.0), ("jsd", 0.3), ("jsd", 1.0)]


def reference(d: TokenDivergence, student: Tensor, teacher: Tensor, targets: Tensor) -> Tensor:
    """One position after another, from probabilities, as the definition reads."""
    rows = []
    for s_logits, t_logits, target in zip(student, teacher, targets.tolist(), strict=True):
        s, t = (row.softmax(-1) for row in (s_logits / d.temperature, t_logits / d.temperature))
        if d.support == "sampled":
            ratio = max((t[target] / s[target]).log().item(), d.floor)
            value = min(max(-ratio, -d.clip), d.clip)
            rows.append(value + value * (s[target].log() - s[target].log().detach()))
            continue
        if d.support == "top-k" and d.top_k < len(s):
            order = sorted(range(len(s)), key=lambda i, p=(t if d.top_k_of == "teacher" else s): -p[i].item())
            kept, rest = order[: d.top_k], order[d.top_k :]
            s, t = (torch.stack([*(p[i] for i in kept), p[rest].sum()]) for p in (s, t))
        ratio = (t / s).log().clamp(min=d.floor)
        if d.kind == "fkl" or (d.kind == "jsd" and d.beta == 0):
            value_ = (t * ratio).sum()
        elif d.kind == "rkl" or (d.kind == "jsd" and d.beta == 1):
            value_ = -(s * ratio).sum()
        else:
            m = d.beta * t + (1 - d.beta) * s
            value_ = d.beta * (t * (t / m).log()).sum() + (1 - d.beta) * (s * (s / m).log()).sum()
        rows.append(value_ if value_ <= d.clip else torch.as_tensor(d.clip, dtype=s.dtype))
    return torch.stack(rows)


@st.composite
def losses(draw: st.DrawFn) -> TokenDivergence:
    support = draw(st.sampled_from(["full", "top-k", "sampled"]))
    kind, beta = ("rkl", 0.5) if support == "sampled" else draw(st.sampled_from(KINDS))
    return TokenDivergence(
        kind, beta, draw(st.sampled_from([0.7, 1.0, 2.0])), support, draw(st.integers(1, 12)),
        draw(st.sampled_from(["teacher", "student"])),
        -math.inf if kind == "jsd" else draw(st.sampled_from([-math.inf, -0.5])),
        draw(st.sampled_from([math.inf, 0.3])),
    )  # fmt: skip


@given(losses(), st.integers(1, 7), st.integers(2, 11), st.integers(1, 4), st.integers(0, 2**20))
def test_loss_and_gradients_are_the_definitions(d: TokenDivergence, n: int, v: int, chunk: int, seed: int) -> None:
    """In float32, through the chunks, with weights of which some are 0: hidden states and head within 1e-5."""
    generator = torch.Generator().manual_seed(seed)
    hidden, other = torch.randn(2, n, 5, generator=generator)
    matrix = torch.randn(v, 5, generator=generator)
    targets = torch.randint(v, (n,), generator=generator)
    weight = torch.rand(n, generator=generator) * (torch.rand(n, generator=generator) > 0.3)

    exact_hidden, exact_matrix = hidden.double().requires_grad_(), matrix.double().requires_grad_()
    expected = reference(d, exact_hidden @ exact_matrix.T, other.double() @ matrix.double().T, targets)
    total = expected @ weight.double()
    if total.requires_grad:  # not where every token counts the most that it may
        total.backward()

    head = nn.Linear(5, v, bias=False)
    head.weight.data.copy_(matrix)
    ours = hidden.clone().requires_grad_()
    found = chunked_divergence(d, Side(ours, head), Side(other, head), weight, chunk, targets)
    found.total.backward()
    torch.testing.assert_close(found.per_token_N.double(), expected.detach(), rtol=1e-5, atol=1e-5)
    for mine, theirs in ((ours.grad, exact_hidden.grad), (head.weight.grad, exact_matrix.grad)):
        assert mine is not None
        expected_grad = torch.zeros_like(mine) if theirs is None else theirs.float()
        torch.testing.assert_close(mine, expected_grad, rtol=1e-5, atol=2e-5)


def test_the_sampled_tokens_gradient_is_on_average_that_of_the_whole_divergence() -> None:
    generator = torch.Generator().manual_seed(3)
    student, teacher = torch.randn(2, 1, 8, generator=generator, dtype=torch.float64)
    logits = student.clone().requires_grad_()
    TokenDivergence("rkl").per_token(logits, teacher).sum().backward()
    exact = logits.grad
    draws = 200_000
    counts = torch.multinomial(student.softmax(-1)[0], draws, replacement=True, generator=generator).bincount(
        minlength=8
    )
    gradients, values = [], []
    for token in range(8):
        one = student.clone().requires_grad_()
        value = TokenDivergence("rkl", support="sampled").per_token(one, teacher, torch.tensor([token]))
        value.sum().backward()
        assert one.grad is not None
        gradients.append(one.grad[0])
        values.append(value.detach())
    rows = torch.stack(gradients)
    mean = (counts[:, None] * rows).sum(0) / draws
    spread = ((counts[:, None] * (rows - mean) ** 2).sum(0) / draws).sqrt() / math.sqrt(draws)
    assert exact is not None
    assert ((mean - exact[0]).abs() < 4.5 * spread).all()
    estimate = (counts * torch.cat(values)).sum() / draws
    assert estimate == pytest.approx(TokenDivergence("rkl").per_token(student, teacher).item(), abs=0.02)


@given(losses(), st.integers(0, 2**20))
def test_no_distance_from_itself_and_some_from_another(d: TokenDivergence, seed: int) -> None:
    student, teacher = torch.randn(2, 4, 13, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2
    targets = torch.tensor([0, 3, 7, 12])
    assert d.per_token(student, student, targets).abs().max() < 1e-6
    assert d.per_token(student, teacher, targets).abs().max() > 1e-6


@pytest.mark.parametrize(("kind", "beta", "of"), [(*kind, of) for kind, of in product(KINDS, ("teacher", "student"))])
def test_more_tokens_of_their_own_never_make_it_smaller(kind: str, beta: float, of: str) -> None:
    """Putting tokens into one bucket hides a difference and makes none (data processing)."""
    student, teacher = torch.randn(2, 20, 12, generator=torch.Generator().manual_seed(5), dtype=torch.float64) * 3
    values = [
        TokenDivergence(kind, beta, support="top-k", top_k=k, top_k_of=of).per_token(student, teacher)  # type: ignore[arg-type]
        for k in (1, 2, 5, 11, 12)
    ]
    for fewer, more in pairwise(values):
        assert (more - fewer > -1e-12).all()
    torch.testing.assert_close(values[-1], TokenDivergence(kind, beta).per_token(student, teacher))  # type: ignore[arg-type]


def test_importance_weights_make_old_samples_count_as_new_ones() -> None:
    """Tokens drawn from an old policy, weighted, give the new policy's mean; a limit keeps every weight below it."""
    generator = torch.Generator().manual_seed(1)
    old, student, teacher = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    tokens = torch.multinomial(old.softmax(-1), 50_000, replacement=True, generator=generator)
    head, n = nn.Identity(), len(tokens)
    rows = [row.expand(n, -1) for row in (student, teacher)]
    d = TokenDivergence("rkl", support="sampled")
    found = chunked_divergence(
        d, Side(rows[0], head), Side(rows[1], head), torch.full((n,), 1 / n), targets_N=tokens,
        importance=Importance(old.log_softmax(-1)[tokens], math.inf),
    )  # fmt: skip
    expected = TokenDivergence("rkl").per_token(student[None], teacher[None]).item()
    assert found.total.item() == pytest.approx(expected, abs=0.05)
    limited = Importance(old.log_softmax(-1)[tokens], 0.5).ratio(rows[0], tokens, slice(None))
    assert limited.max() <= 0.5 < Importance(old.log_softmax(-1)[tokens], 9.0).ratio(rows[0], tokens, slice(None)).max()


@pytest.mark.parametrize(
    "settings", [{"support": "sampled", "divergence": "fkl"}, {"log_ratio_floor": -1.0, "divergence": "jsd"}]
)
def test_what_has_no_meaning_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainConfig(**settings)  # type: ignore[arg-type]
