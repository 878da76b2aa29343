"""The divergence: what it is mathematically, and that chunks change neither its value nor its gradient."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pidistill.config import TrainConfig
from pidistill.train.chunked import FEWEST_ELEMENTS, LEAST_TOKENS, MOST_ELEMENTS, TILE, chunk_size
from pidistill.train.closed import closed_divergence, torch_kernel
from pidistill.train.divergence import Side, TokenDivergence, chunked_divergence
from pidistill.train.scoring import LogitHead

KINDS = [
    TokenDivergence("fkl"),
    TokenDivergence("rkl"),
    *(TokenDivergence("jsd", b) for b in (0.0, 0.1, 0.5, 0.9, 1.0)),
]


@st.composite
def logits(draw: st.DrawFn) -> Tensor:
    """Two matrices of logits `[2, N, V]`, from flat to nearly one-hot."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(2, 30))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    scale = draw(st.sampled_from([0.01, 1.0, 10.0, 100.0]))
    return torch.randn(2, rows, columns, generator=generator, dtype=torch.float64) * scale


@given(logits(), st.sampled_from(KINDS), st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=60, deadline=None)
def test_never_negative_and_zero_at_equality(pair: Tensor, kind: TokenDivergence, temperature: float) -> None:
    divergence = TokenDivergence(kind.kind, kind.beta, temperature)
    assert (divergence.per_token(*pair) >= -1e-12).all()
    assert divergence.per_token(pair[0], pair[0]).abs().max() < 1e-12


@given(logits(), st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_jsd_is_bounded_by_the_entropy_of_its_mixture(pair: Tensor, beta: float) -> None:
    bound = -(beta * math.log(beta) + (1 - beta) * math.log(1 - beta))
    assert TokenDivergence("jsd", beta).per_token(*pair).max() <= bound + 1e-9


@given(logits(), st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_jsd_with_sides_swapped_is_jsd_of_the_complement(pair: Tensor, beta: float) -> None:
    student, teacher = pair
    swapped = TokenDivergence("jsd", 1 - beta).per_token(teacher, student)
    torch.testing.assert_close(TokenDivergence("jsd", beta).per_token(student, teacher), swapped)


def test_jsd_at_half_is_symmetric_and_reaches_log_two_on_disjoint_distributions() -> None:
    student, teacher = torch.tensor([[60.0, 0.0]]).double(), torch.tensor([[0.0, 60.0]]).double()
    value = TokenDivergence("jsd", 0.5).per_token(student, teacher)
    torch.testing.assert_close(value, torch.tensor([math.log(2)]).double())


def test_each_kind_is_its_definition() -> None:
    student, teacher = torch.randn(2, 7, 11, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    s, t = student.softmax(-1), teacher.softmax(-1)
    m = 0.3 * t + 0.7 * s
    expected = {
        ("fkl", 0.5): (t * (t / s).log()).sum(-1),
        ("rkl", 0.5): (s * (s / t).log()).sum(-1),
        ("jsd", 0.3): 0.3 * (t * (t / m).log()).sum(-1) + 0.7 * (s * (s / m).log()).sum(-1),
    }
    for (kind, beta), value in expected.items():
        torch.testing.assert_close(TokenDivergence(kind, beta).per_token(student, teacher), value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("beta", "edge"), [(1e-6, 0.0), (1 - 1e-6, 1.0)])
def test_jsd_over_its_vanishing_factor_tends_to_the_plain_kl_used_at_the_edge(beta: float, edge: float) -> None:
    student, teacher = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    near = TokenDivergence("jsd", beta).per_token(student, teacher) / min(beta, 1 - beta)
    at_edge = TokenDivergence("jsd", edge).per_token(student, teacher)
    torch.testing.assert_close(near, at_edge, rtol=1e-4, atol=1e-6)
    plain = TokenDivergence("fkl" if edge == 0 else "rkl").per_token(student, teacher)
    assert torch.equal(at_edge, plain)


def test_temperature_divides_both_sides_logits() -> None:
    student, teacher = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(3))
    hot = TokenDivergence("fkl", temperature=2.0).per_token(student, teacher)
    torch.testing.assert_close(hot, TokenDivergence("fkl").per_token(student / 2, teacher / 2))


def test_the_configuration_chooses_the_divergence() -> None:
    config = TrainConfig(divergence="jsd", jsd_beta=0.2, distill_temperature=1.5)
    assert TokenDivergence.from_config(config) == TokenDivergence("jsd", 0.2, 1.5)


def _sides(tokens: int, vocabulary: int = 13, dtype: torch.dtype = torch.float64) -> tuple[Side, Side, Tensor]:
    generator = torch.Generator().manual_seed(tokens)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    heads = [nn.Linear(width, vocabulary, dtype=dtype) for width in (6, 4)]
    for head in heads:
        head.weight.data, head.bias.data = draw(*head.weight.shape), draw(*head.bias.shape)
    student = Side(draw(tokens, 6).requires_grad_(), heads[0])
    teacher = Side(draw(tokens, 4).requires_grad_(), heads[1])
    return student, teacher, torch.rand(tokens, generator=generator, dtype=dtype)


@pytest.mark.parametrize("divergence", KINDS)
@pytest.mark.parametrize("chunk", [1, 3, 7, 8, 100, 0])
def test_chunks_change_neither_value_nor_gradients(divergence: TokenDivergence, chunk: int) -> None:
    student, teacher, weight = _sides(tokens=7)
    naive_N = divergence.per_token(student.head(student.hidden_NH), teacher.head(teacher.hidden_NH).detach())
    wanted = [student.hidden_NH, *student.head.parameters()]
    expected = torch.autograd.grad(3 * (naive_N * weight).sum(), wanted)

    found = chunked_divergence(divergence, student, teacher, weight, chunk)
    torch.testing.assert_close(found.total, (naive_N * weight).sum())
    torch.testing.assert_close(found.per_token_N, naive_N)
    for ours, theirs in zip(torch.autograd.grad(3 * found.total, wanted), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("divergence", KINDS)
def test_gradcheck(divergence: TokenDivergence) -> None:
    student, teacher, weight = _sides(tokens=4, vocabulary=5)
    assert torch.autograd.gradcheck(
        lambda hidden, *_: chunked_divergence(divergence, Side(hidden, student.head), teacher, weight, 3).total,
        (student.hidden_NH, *student.head.parameters()),
    )


def test_the_teacher_gets_no_gradient_even_where_it_asks_for_one() -> None:
    student, teacher, weight = _sides(tokens=5)
    chunked_divergence(TokenDivergence(), student, teacher, weight, 2).total.backward()
    assert student.hidden_NH.grad is not None
    assert teacher.hidden_NH.grad is None
    assert all(parameter.grad is None for parameter in teacher.head.parameters())


def test_one_head_for_both_sides_gets_the_students_gradient_only() -> None:
    student, _, weight = _sides(tokens=5)
    shared = Side(torch.randn(5, 6, dtype=torch.float64), student.head)
    chunked_divergence(TokenDivergence(), student, shared, weight, 2).total.backward()
    naive = TokenDivergence().per_token(student.head(student.hidden_NH), shared.head(shared.hidden_NH).detach())
    expected = torch.autograd.grad((naive * weight).sum(), list(student.head.parameters()))
    for parameter, gradient in zip(student.head.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


@pytest.mark.parametrize(("scale", "softcap"), [(1.0, None), (0.5, None), (1.0, 3.0), (2.0, 5.0)])
@pytest.mark.parametrize("divergence", KINDS)
def test_a_head_that_scales_or_caps_its_logits(
    divergence: TokenDivergence, scale: float, softcap: float | None
) -> None:
    student, teacher, weight = _sides(tokens=7)
    head = LogitHead(student.head, scale, softcap)
    naive = divergence.per_token(head(student.hidden_NH), teacher.head(teacher.hidden_NH).detach())
    wanted = [student.hidden_NH, *head.parameters()]
    expected = torch.autograd.grad((naive * weight).sum(), wanted)
    found = chunked_divergence(divergence, Side(student.hidden_NH, head), teacher, weight, 3)
    torch.testing.assert_close(found.per_token_N, naive)
    for ours, theirs in zip(torch.autograd.grad(found.total, wanted), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("divergence", KINDS)
def test_under_autocast_products_are_rounded_and_sums_are_not(divergence: TokenDivergence) -> None:
    """As autograd does it with float32 weights and bfloat16 products, trained head or frozen."""
    student, teacher, weight = _sides(tokens=9, vocabulary=40, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        naive = divergence.per_token(student.head(student.hidden_NH), teacher.head(teacher.hidden_NH).detach())
        found = chunked_divergence(divergence, student, teacher, weight, 4)
    wanted = [student.hidden_NH, *student.head.parameters()]
    expected = torch.autograd.grad((naive * weight).sum(), wanted)
    torch.testing.assert_close(found.per_token_N, naive, rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(torch.autograd.grad(found.total, wanted), expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02 * float(theirs.abs().max()))


def test_a_frozen_head_is_left_alone() -> None:
    student, teacher, weight = _sides(tokens=5)
    student.head.requires_grad_(False)
    chunked_divergence(TokenDivergence(), student, teacher, weight, 2).total.backward()
    assert student.hidden_NH.grad is not None
    assert all(parameter.grad is None for parameter in student.head.parameters())


def test_bfloat16_inputs_are_summed_in_float32() -> None:
    """Values of bfloat16 hidden states and heads lie within float32 rounding of the same bfloat16 logits in float64."""
    student, teacher, weight = _sides(tokens=40, vocabulary=500, dtype=torch.bfloat16)
    found = chunked_divergence(TokenDivergence("jsd"), student, teacher, weight, 16)
    assert found.total.dtype == found.per_token_N.dtype == torch.float32
    with torch.no_grad():
        ours, theirs = student.head(student.hidden_NH).double(), teacher.head(teacher.hidden_NH).double()
    exact = TokenDivergence("jsd").per_token(ours, theirs)
    torch.testing.assert_close(found.per_token_N.double(), exact, rtol=1e-4, atol=1e-5)


def test_the_heads_gradient_is_summed_over_chunks_in_float32() -> None:
    student, teacher, weight = _sides(tokens=512, dtype=torch.bfloat16)
    naive = TokenDivergence().per_token(
        student.head(student.hidden_NH).double(), teacher.head(teacher.hidden_NH).double()
    )
    (exact,) = torch.autograd.grad(naive @ weight.double(), [student.head.bias])
    grads = {}
    for chunk in (1, 512):
        total = chunked_divergence(TokenDivergence(), student, teacher, weight, chunk).total
        (grads[chunk],) = torch.autograd.grad(total, [student.head.bias])
    one_chunk, many = ((grads[chunk].double() - exact.double()).norm() / exact.double().norm() for chunk in (512, 1))
    assert many < 2 * one_chunk + 2**-8


def test_no_tokens_give_zero_and_zero_gradients() -> None:
    student, teacher, weight = _sides(tokens=0)
    found = chunked_divergence(TokenDivergence(), student, teacher, weight)
    found.total.backward()
    assert found.total == 0
    assert student.head.weight.grad is not None
    assert not student.head.weight.grad.any()


def test_sides_of_different_lengths_are_refused() -> None:
    student, _, weight = _sides(tokens=5)
    _, teacher, _ = _sides(tokens=4)
    with pytest.raises(ValueError, match="same tokens, got 5, 4 and 5"):
        chunked_divergence(TokenDivergence(), student, teacher, weight)


def test_logits_of_all_tokens_never_exist_at_once() -> None:
    """In closed form the largest matrix has a third of the tokens; where autograd works on it, a sixteenth."""
    seen: list[int] = []

    def kernel(d: TokenDivergence, student: Tensor, teacher: Tensor, coefficient_N: Tensor, out: Tensor) -> Tensor:
        seen.append(len(student))
        return torch_kernel(d, student, teacher, coefficient_N, out)

    class Spy(nn.Linear):  # type: ignore[misc]
        def forward(self, input: Tensor) -> Tensor:
            seen.append(len(input))
            return super().forward(input)

    vocabulary = FEWEST_ELEMENTS["cpu"] // 40
    head = nn.Linear(2, vocabulary, bias=False).requires_grad_(False)
    side = Side(torch.randn(200, 2), head)
    closed_divergence(TokenDivergence(), side, side, torch.ones(200), kernel=kernel)
    assert max(seen) == 67
    assert sum(seen) == 200
    seen.clear()
    side = Side(side.hidden_NH, Spy(2, vocabulary))
    chunked_divergence(TokenDivergence(support="top-k"), side, side, torch.ones(200))
    assert max(seen) == 40
    assert sum(seen) == 2 * 200 + 1


@given(st.integers(1, 10**5), st.integers(2, 2**18), st.sampled_from([3, 16]))
def test_chunks_cover_all_tokens_and_stay_within_their_limits(tokens: int, vocabulary: int, share: int) -> None:
    size = chunk_size(torch.device("cpu"), tokens, vocabulary, share)
    assert 1 <= size <= max(tokens, 1)
    assert size <= max(LEAST_TOKENS, MOST_ELEMENTS["cpu"] // vocabulary)
    assert size >= min(tokens, LEAST_TOKENS) / 2
    on_a_gpu = chunk_size(torch.device("cuda"), tokens, vocabulary, share)
    assert on_a_gpu % TILE == 0
    assert TILE <= on_a_gpu < max(LEAST_TOKENS, MOST_ELEMENTS["gpu"] // vocabulary) + TILE
