"""On-policy self-distillation: what it converges to, who changes, and that stopping and splitting change nothing."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from pidistill.contracts import Trained, TrainJob
from pidistill.engines.loading import load_model, trained_ref
from pidistill.errors import StoreError, UsageError
from pidistill.records import Example, ModelRef
from pidistill.train import on_policy, session
from pidistill.train.divergence import TokenDivergence
from pidistill.train.examples import Encoded, Encoder
from pidistill.train.on_policy import Size
from pidistill.train.opsd import Distillation, OpsdObjective
from pidistill.train.randomness import isolated
from pidistill.train.scoring import Batch, LogitHead
from pidistill.train.teacher import Single, open_teacher
from pidistill.train.weights import Trainee, open_trainee
from small_models import make_adapter

if TYPE_CHECKING:
    from pidistill.engines.loading import AnyModel

Job = Callable[..., TrainJob]
CPU = torch.device("cpu")


def train(job: TrainJob, left_open: bool = False) -> Trained:
    """Go on from the disk, or from what the last job left open."""
    if not left_open:
        session.close()
    return OpsdObjective().train(job)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    (file,) = folder.glob("*.safetensors")
    return load_file(file)


def assert_same_weights(ours: Path, theirs: Path) -> None:
    a, b = weights(ours), weights(theirs)
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def trained(job: TrainJob) -> ModelRef:
    return trained_ref(job.model, job.out_dir, adapter=job.config.lora_rank > 0)


def logits(model: AnyModel, prompts: list[tuple[int, ...]], completions: list[tuple[int, ...]]) -> torch.Tensor:
    with torch.no_grad():
        return LogitHead.of(model)(Batch.of(prompts, completions, CPU).hidden(model))  # type: ignore[no-any-return]


def encode(job: TrainJob) -> list[Encoded]:
    with isolated(0):
        return Encoder.of(job, open_trainee(job, job.model)).encode(job.examples, teacher=True)


@pytest.mark.parametrize(
    ("architecture", "divergence"),
    [("qwen3", "fkl"), ("qwen3", "rkl"), ("qwen3", "jsd"), ("qwen2", "fkl"), ("llama", "fkl")],
)
def test_the_student_moves_towards_the_teacher_that_sees_the_pi(
    architecture: str, divergence: str, job: Job, model_of: Callable[[str], ModelRef]
) -> None:
    any_model = model_of(architecture)
    one = job("a", model=any_model, divergence=divergence, steps=40, batch_size=8)
    one = replace(one, examples=[*one.examples] * 40)
    result = train(one)
    assert result.steps == 40
    assert result.metrics["loss_last"] < 0.5 * result.metrics["loss_first"]

    encoded = encode(one)[:8]
    prompts, completions = [e.prompt for e in encoded], [e.completion for e in encoded]
    teacher = logits(load_model(any_model, "float32", "cpu"), [e.teacher_prompt for e in encoded], completions)
    before = logits(load_model(any_model, "float32", "cpu"), prompts, completions)
    after = logits(load_model(trained(one), "float32", "cpu"), prompts, completions)
    kl = TokenDivergence("fkl")
    assert kl.per_token(after, teacher).mean() < 0.6 * kl.per_token(before, teacher).mean()


@pytest.mark.parametrize("rank", [4, 0])
def test_the_first_loss_is_the_naive_token_mean(any_model: ModelRef, rank: int, job: Job) -> None:
    one = job("a", model=any_model, steps=1, batch_size=8, lora_rank=rank)
    encoded = encode(one)
    start = load_model(any_model, "float32", "cpu")
    completions = [e.completion for e in encoded]
    student = logits(start, [e.prompt for e in encoded], completions)
    teacher = logits(start, [e.teacher_prompt for e in encoded], completions)
    expected = (teacher.softmax(-1) * (teacher.log_softmax(-1) - student.log_softmax(-1))).sum(-1).mean()
    result = train(one)
    assert result.metrics["loss_first"] == pytest.approx(expected.item(), rel=1e-5)
    assert result.tokens_trained == sum(map(len, completions))


def _pair(job: TrainJob, double: bool = True) -> tuple[Distillation, list[Encoded]]:
    """Student (with an adapter that says something), teacher and examples, in float64."""
    trainee = open_trainee(job, job.model)
    if double:
        trainee.model.double()
    pair = Distillation(job, trainee)
    if double:
        teacher_of(pair).model.double()
    return pair, Encoder.of(job, trainee).encode(job.examples, teacher=True)


def teacher_of(pair: Distillation) -> Single:
    assert isinstance(pair.teacher, Single)
    return pair.teacher


def _gradient(pair: Distillation) -> torch.Tensor:
    found = torch.cat([p.grad.flatten() for p in pair.trainee.trainable().values() if p.grad is not None])
    pair.trainee.model.zero_grad()
    return found


@pytest.mark.parametrize("teacher", ["base", "live"])
def test_a_batch_of_unequal_lengths_is_the_mean_over_its_tokens_one_example_at_a_time(
    any_model: ModelRef, teacher: str, job: Job
) -> None:
    one = job("a", model=any_model, teacher=teacher, lora_rank=0)
    pair, encoded = _pair(replace(one, examples=[replace(e, weight=0.5 + i / 20) for i, e in enumerate(one.examples)]))
    assert len({len(e.prompt) for e in encoded}) > 3
    tokens = sum(len(e.completion) for e in encoded)
    loss, _ = pair.backward(encoded, Size(tokens, 8))
    gradient = _gradient(pair)
    singles = 0.0
    for example in encoded:
        mean, _ = pair.backward([example], Size(tokens, 8))
        singles += mean
    assert loss == pytest.approx(singles, rel=1e-12)
    torch.testing.assert_close(gradient, _gradient(pair), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize(
    ("limit", "most"), [("micro_batch_size", 1), ("micro_batch_size", 3), ("micro_batch_tokens", 90)]
)
@pytest.mark.parametrize("rank", [4, 0])
def test_micro_batches_train_as_the_whole_batch_does(limit: str, most: int, rank: int, job: Job) -> None:
    """AdamW's first steps magnify rounding in near-zero gradients, so losses and gradient norms are compared."""
    whole = train(job("whole", steps=3, batch_size=8, lora_rank=rank, lr=1e-3))
    split = train(job("split", steps=3, batch_size=8, lora_rank=rank, lr=1e-3, **{limit: most}))
    for name in ("loss_first", "loss_last", "grad_norm_mean"):
        assert split.metrics[name] == pytest.approx(whole.metrics[name], rel=1e-5)
    assert split.tokens_trained == whole.tokens_trained
    assert split.tokens_processed < whole.tokens_processed


@pytest.mark.parametrize("teacher", ["base", "live", "ema", "hard-copy", "trust-region"])
@pytest.mark.parametrize("rank", [4, 0])
@pytest.mark.parametrize("from_adapter", [False, True])
def test_three_jobs_are_one_whether_read_back_or_left_open(
    teacher: str, rank: int, from_adapter: bool, job: Job, model: ModelRef, tmp_path: Path
) -> None:
    if from_adapter:
        model = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start"), adapter=True)
    settings = {"steps": 10, "schedule": "cosine", "warmup_steps": 2, "teacher": teacher, "lora_rank": rank}
    settings |= {"teacher_decay": 0.7, "teacher_every": 3, "teacher_mix": 0.3}
    whole = job("whole", model=model, lr=1e-3, **settings)
    examples = [*whole.examples] * 5
    result = train(replace(whole, examples=examples))
    assert result.steps == 10

    first = job("first", model=model, examples=examples[:20], lr=1e-3, **settings)
    assert train(first).steps == 5
    moved = first.out_dir.rename(tmp_path / "published")
    ref = trained_ref(model, moved, adapter=rank > 0)
    second = job("second", model=ref, examples=examples[20:28], resume_from=moved, lr=1e-3, **settings)
    assert train(second, left_open=True).steps == 2
    again = job("again", model=ref, examples=examples[20:28], resume_from=moved, lr=1e-3, **settings)
    assert train(again).steps == 2
    names = {path.relative_to(second.out_dir) for path in second.out_dir.rglob("*") if path.is_file()}
    assert names == {path.relative_to(again.out_dir) for path in again.out_dir.rglob("*") if path.is_file()}
    for name in names - {Path("trainer_state.pt")}:
        assert (second.out_dir / name).read_bytes() == (again.out_dir / name).read_bytes(), name

    third = job("third", model=trained(second), examples=examples[28:], resume_from=second.out_dir, lr=1e-3, **settings)
    assert train(third, left_open=True).steps == 3, "another chain is open: this one is read back"
    assert_same_weights(whole.out_dir, third.out_dir)
    lines = [(folder / "metrics.jsonl").read_text() for folder in (moved, second.out_dir, third.out_dir)]
    assert "".join(lines) == (whole.out_dir / "metrics.jsonl").read_text()


def test_a_chain_that_is_open_is_not_read_back_and_one_that_is_not_its_own_is_closed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[ModelRef] = []

    def counting(job: TrainJob, start: ModelRef) -> Trainee:
        opened.append(start)
        return open_trainee(job, start)

    monkeypatch.setattr(on_policy, "open_trainee", counting)
    first = job("first", steps=6)
    train(first)
    second = job("second", steps=6, model=trained(first), resume_from=first.out_dir)
    train(second, left_open=True)
    assert len(opened) == 1
    third = job("third", steps=6, model=trained(first), resume_from=first.out_dir)
    train(third, left_open=True)  # from the first one again, which is no longer what is open
    assert len(opened) == 2
    assert_same_weights(second.out_dir, third.out_dir)
    changed = job("changed", steps=6, model=trained(third), resume_from=third.out_dir, lr=1e-3)
    with pytest.raises(UsageError, match="was trained with lr"):
        train(changed, left_open=True)
    OpsdObjective().close()
    assert session._open is None


@pytest.mark.parametrize("teacher", ["base", "live", "ema", "hard-copy", "trust-region"])
@pytest.mark.parametrize("rank", [4, 0])
def test_a_closed_chain_leaves_no_tensor_behind(teacher: str, rank: int, job: Job) -> None:
    train(job("held", steps=2, teacher=teacher, lora_rank=rank), left_open=True)
    held = session._open
    assert held is not None
    parts = [held.trainee.model, held.optimizer, held.loss, *held.trainable.values()]
    moments = [value for state in held.optimizer.state.values() for value in state.values()]
    left = [weakref.ref(part) for part in (*parts, *moments) if not isinstance(part, (int, float))]
    del held, parts, moments
    OpsdObjective().close()
    assert [part() for part in left if part() is not None] == []


def test_a_resumed_chain_starts_at_other_weights_than_a_fresh_job_would_reach(job: Job) -> None:
    """Without the optimizer's moments the second half comes out otherwise: the equality above is not idle."""
    first = job("first", steps=10)
    train(first)
    resumed = job("resumed", steps=10, resume_from=first.out_dir)
    train(resumed)
    fresh = job("fresh", steps=10, model=trained(first))
    train(fresh)
    assert any(
        not torch.equal(a, b)
        for a, b in zip(weights(resumed.out_dir).values(), weights(fresh.out_dir).values(), strict=True)
    )


@pytest.mark.parametrize("rank", [4, 0])
def test_the_same_job_gives_the_same_bits(rank: int, job: Job) -> None:
    one, two = job("one", steps=4, lora_rank=rank), job("two", steps=4, lora_rank=rank)
    train(one)
    torch.rand(3)
    train(two)
    assert_same_weights(one.out_dir, two.out_dir)


def test_another_seed_gives_another_adapter(job: Job) -> None:
    one, two = job("one", steps=4), job("two", steps=4, seed=1)
    train(one)
    train(two)
    assert any(
        not torch.equal(a, b) for a, b in zip(weights(one.out_dir).values(), weights(two.out_dir).values(), strict=True)
    )


@pytest.mark.parametrize("rank", [4, 0])
@pytest.mark.parametrize("from_adapter", [False, True])
def test_the_base_teacher_is_the_starting_model_whatever_the_student_becomes(
    any_model: ModelRef, rank: int, from_adapter: bool, job: Job, tmp_path: Path
) -> None:
    model = any_model
    if from_adapter:
        model = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start"), adapter=True)
    one = job("a", model=model, lora_rank=rank)
    trainee = open_trainee(one, model)
    teacher = open_teacher(one, trainee)
    prompts, completions = [(5, 6), (7, 8, 9)], [(20, 21, 2), (22, 2)]
    expected = logits(load_model(model, "float32", "cpu"), prompts, completions)
    trainable = list(trainee.trainable())
    with torch.no_grad():
        for parameter in trainee.trainable().values():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    assert isinstance(teacher, Single)
    with teacher.scoring() as scorer:
        assert not torch.is_grad_enabled()
        assert not scorer.training
        torch.testing.assert_close(logits(scorer, prompts, completions), expected, rtol=1e-4, atol=1e-4)
    assert list(trainee.trainable()) == trainable
    assert trainee.model.training
    assert (logits(trainee.model, prompts, completions) - expected).abs().max() > 0.1
    assert (teacher.model is trainee.model) == (rank > 0)


def test_the_live_teacher_is_the_student_as_it_stands(job: Job) -> None:
    one = job("a", teacher="live")
    trainee = open_trainee(one, one.model)
    with torch.no_grad():
        for parameter in trainee.trainable().values():
            parameter.add_(0.1)
    teacher = open_teacher(one, trainee)
    assert isinstance(teacher, Single)
    with teacher.scoring() as scorer:
        scored = logits(scorer, [(5, 6)], [(20, 2)])
    assert torch.equal(scored, logits(trainee.model, [(5, 6)], [(20, 2)]))


@pytest.mark.parametrize("from_adapter", [False, True])
def test_a_step_gives_the_teacher_no_gradient_and_changes_only_the_student(
    from_adapter: bool, job: Job, model: ModelRef, tmp_path: Path
) -> None:
    if from_adapter:
        model = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start"), adapter=True)
    one = job("a", model=model)
    pair, encoded = _pair(one, double=False)
    frozen = {n: p.clone() for n, p in pair.trainee.model.named_parameters() if not p.requires_grad}
    optimizer = torch.optim.SGD(pair.trainee.trainable().values(), lr=0.1)
    for _ in range(2):
        pair.backward(encoded, Size(50, 8))
        optimizer.step()
    for name, parameter in pair.trainee.model.named_parameters():
        if name in frozen:
            assert parameter.grad is None, name
            assert torch.equal(parameter, frozen[name]), name
        else:
            assert parameter.grad is not None, name
    assert any("teacher" in name for name in frozen) == from_adapter


def test_with_all_weights_the_frozen_copy_gets_no_gradient(job: Job) -> None:
    pair, encoded = _pair(job("a", lora_rank=0), double=False)
    pair.backward(encoded, Size(50, 8))
    assert all(parameter.grad is None for parameter in teacher_of(pair).model.parameters())
    assert all(parameter.grad is not None for parameter in pair.trainee.model.parameters())


def test_a_live_teacher_gets_no_gradient_either(job: Job) -> None:
    """The live student's gradient equals the one against the same logits as constants."""
    pair, encoded = _pair(job("a", lora_rank=0, teacher="live"))
    pair.backward(encoded, Size(50, 8))
    gradient = _gradient(pair)
    completions = [e.completion for e in encoded]
    constant = logits(pair.trainee.model, [e.teacher_prompt for e in encoded], completions)
    hidden = Batch.of([e.prompt for e in encoded], completions, CPU).hidden(pair.trainee.model)
    (pair.divergence.per_token(pair.head(hidden), constant).sum() / 50).backward()
    torch.testing.assert_close(gradient, _gradient(pair), rtol=1e-9, atol=1e-14)


def test_gradient_checkpointing_changes_nothing(job: Job) -> None:
    plain, checkpointed = job("plain", steps=3), job("checkpointed", steps=3, gradient_checkpointing=True)
    train(plain)
    train(checkpointed)
    assert_same_weights(plain.out_dir, checkpointed.out_dir)


@pytest.mark.parametrize("rank", [4, 0])
def test_bfloat16_trains(rank: int, job: Job) -> None:
    one = job("a", steps=20, lora_rank=rank, dtype="bfloat16", lr=1e-2 if rank else 1e-3, batch_size=8)
    result = train(replace(one, examples=[*one.examples] * 20))
    assert result.metrics["loss_last"] < 0.7 * result.metrics["loss_first"]
    assert all(tensor.dtype == torch.float32 for tensor in weights(one.out_dir).values())


def test_float16_is_refused(job: Job) -> None:
    with pytest.raises(UsageError, match="float16"):
        train(job("a", dtype="float16"))


def test_steps_end_where_the_configuration_says_and_the_rest_is_counted(job: Job) -> None:
    one = job("a", steps=1, batch_size=5)
    result = train(one)
    assert (result.steps, result.metrics["unused_past_last_step"]) == (1, 3)
    with pytest.raises(UsageError, match="has done all its 1 steps"):
        train(job("b", steps=1, batch_size=5, resume_from=one.out_dir))


def test_a_changed_setting_within_a_chain_is_an_error_that_names_it(job: Job) -> None:
    train(job("a", steps=4))
    with pytest.raises(UsageError, match=r"trained with lr = 0\.01, this job says 0\.001"):
        train(job("b", steps=4, lr=1e-3, resume_from=job("a").out_dir))
    train(job("c", steps=4, micro_batch_size=2, resume_from=job("a").out_dir))


def test_a_missing_or_damaged_state_is_an_error_that_names_the_file(job: Job) -> None:
    one = job("a", steps=4)
    train(one)
    state = one.out_dir / "trainer_state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(StoreError, match=r"trainer_state\.pt cannot be read"):
        train(job("b", steps=4, resume_from=one.out_dir))
    state.unlink()
    with pytest.raises(StoreError, match=r"has no trainer_state\.pt"):
        train(job("b", steps=4, resume_from=one.out_dir))


def test_a_state_that_carries_code_is_refused(job: Job, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "owned",)  # type: ignore[return-value]

    one = job("a", steps=4)
    train(one)
    torch.save({"version": 1, "settings": Evil()}, one.out_dir / "trainer_state.pt")
    with pytest.raises(StoreError):
        train(job("b", steps=4, resume_from=one.out_dir))
    assert not (tmp_path / "owned").exists()


def test_an_adapter_of_another_rank_is_an_error(job: Job, model: ModelRef, tmp_path: Path) -> None:
    start = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start", rank=2), adapter=True)
    with pytest.raises(UsageError, match="has rank 2, the configuration says 4"):
        train(job("a", model=start))


@pytest.mark.parametrize("rank", [4, 0])
def test_a_published_checkpoint_survives_being_moved(rank: int, job: Job, model: ModelRef, tmp_path: Path) -> None:
    """The teacher's weights lie in the checkpoint, not where they were read from."""
    start = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start"), adapter=True)
    first = job("first", model=start, steps=8, lora_rank=rank)
    train(first)
    moved = first.out_dir.rename(tmp_path / "moved")
    (tmp_path / "start").rename(tmp_path / "gone")
    second = job("second", model=trained_ref(model, moved, rank > 0), steps=8, lora_rank=rank, resume_from=moved)
    train(second)
    assert weights(second.out_dir / "teacher").keys() == weights(moved / "teacher").keys()


def test_progress_counts_over_the_whole_chain(job: Job, examples: list[Example]) -> None:
    heard: list[tuple[int, int]] = []
    first = job("first", steps=5, examples=examples)
    train(first)
    second = job("second", steps=5, resume_from=first.out_dir)
    train(dataclasses.replace(second, progress=lambda done, total, row: heard.append((done, total))))
    assert heard == [(3, 5), (4, 5)]
