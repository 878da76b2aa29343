"""Teachers that follow the student: what each scores with after some steps, and whom it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pidistill.contracts import TrainJob
from pidistill.engines.loading import load_model, trained_ref
from pidistill.records import ModelRef
from pidistill.train.divergence import Side
from pidistill.train.scoring import Batch, LogitHead
from pidistill.train.teacher import open_teacher
from pidistill.train.weights import Trainee, open_trainee
from small_models import make_adapter

Job = Callable[..., TrainJob]
BATCH = Batch.of([(5, 6), (7, 8, 9)], [(20, 21, 2), (22, 2)], torch.device("cpu"))


def logits(side: Side) -> torch.Tensor:
    with torch.no_grad():
        return side.head(side.hidden_NH)  # type: ignore[no-any-return]


def students(trainee: Trainee) -> torch.Tensor:
    with torch.no_grad():
        return LogitHead.of(trainee.model)(BATCH.hidden(trainee.model))  # type: ignore[no-any-return]


def move(trainee: Trainee, seed: int) -> None:
    """A step, of sorts."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in trainee.trainable().values():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))


def merged(trainee: Trainee) -> dict[str, torch.Tensor]:
    """The weights that the student computes with, adapter included, by name in the bare model."""
    if not trainee.lora:
        return {name: value.clone() for name, value in trainee.model.state_dict().items()}
    found = {}
    for name, module in trainee.model.named_modules():
        if hasattr(module, "get_delta_weight"):
            key = name.removeprefix("base_model.model.") + ".weight"
            found[key] = (module.base_layer.weight + module.get_delta_weight("default")).detach().clone()
    return found


@pytest.fixture(params=[(4, False), (4, True), (0, False)], ids=["lora", "lora from an adapter", "all weights"])
def start(request: pytest.FixtureRequest, model: ModelRef, tmp_path: Path) -> tuple[int, ModelRef]:
    rank, from_adapter = request.param
    if from_adapter:
        model = trained_ref(model, make_adapter(Path(model.base), tmp_path / "start"), adapter=True)
    return rank, model


def test_ema_is_the_average_of_the_weights_not_of_the_factors(start: tuple[int, ModelRef], job: Job) -> None:
    rank, model = start
    one = job("a", model=model, lora_rank=rank, teacher="ema", teacher_decay=0.6)
    trainee = open_trainee(one, model)
    teacher = open_teacher(one, trainee)
    average = merged(trainee)
    for step in range(1, 4):
        move(trainee, step)
        teacher.stepped(step)
        average = {name: 0.6 * value + 0.4 * merged(trainee)[name] for name, value in average.items()}
    expected = load_model(ModelRef(model.base, model.revision), "float32", "cpu")
    expected.load_state_dict(average, strict=False)
    plain = LogitHead.of(expected)(BATCH.hidden(expected)).detach()
    torch.testing.assert_close(logits(teacher.side(BATCH)), plain, rtol=1e-4, atol=1e-4)
    assert (students(trainee) - plain).abs().max() > 0.05


def test_a_hard_copy_is_the_student_of_the_last_multiple(start: tuple[int, ModelRef], job: Job) -> None:
    rank, model = start
    one = job("a", model=model, lora_rank=rank, teacher="hard-copy", teacher_every=2)
    trainee = open_trainee(one, model)
    teacher = open_teacher(one, trainee)
    expected = students(trainee)
    for step in range(1, 6):
        move(trainee, step)
        teacher.stepped(step)
        if step % 2 == 0:
            expected = students(trainee)
        torch.testing.assert_close(logits(teacher.side(BATCH)), expected, rtol=1e-5, atol=1e-5)
    assert (students(trainee) - expected).abs().max() > 0.05


@pytest.mark.parametrize("mix", [0.0, 0.3, 1.0])
def test_a_trust_region_lies_between_base_and_live(mix: float, start: tuple[int, ModelRef], job: Job) -> None:
    rank, model = start
    one = job("a", model=model, lora_rank=rank, teacher="trust-region", teacher_mix=mix)
    trainee = open_trainee(one, model)
    teacher = open_teacher(one, trainee)
    base = students(trainee)
    move(trainee, 0)
    live = students(trainee)
    found = logits(teacher.side(BATCH)).log_softmax(-1)
    expected = ((1 - mix) * base.log_softmax(-1) + mix * live.log_softmax(-1)).log_softmax(-1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["ema", "hard-copy", "trust-region"])
def test_the_student_is_left_as_it_was(kind: str, start: tuple[int, ModelRef], job: Job) -> None:
    rank, model = start
    one = job("a", model=model, lora_rank=rank, teacher=kind)
    trainee = open_trainee(one, model)
    names, before = list(trainee.trainable()), students(trainee)
    teacher = open_teacher(one, trainee)
    teacher.stepped(1)
    side = teacher.side(BATCH)
    assert not side.hidden_NH.requires_grad
    assert trainee.model.training
    assert list(trainee.trainable()) == names
    assert torch.equal(students(trainee), before)
