"""What the training tests share: small random models of three architectures, and examples with and without PI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pidistill.config import TrainConfig
from pidistill.contracts import TrainJob
from pidistill.engines.loading import resolve_model
from pidistill.records import Example, Message, ModelRef
from small_models import ARCHITECTURES, make_model


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModelRef]:
    made = {name: make_model(tmp_path_factory.mktemp(name), name) for name in ARCHITECTURES}
    refs = {name: resolve_model(str(folder)) for name, folder in made.items()}
    return refs.__getitem__


@pytest.fixture
def model(model_of: Callable[[str], ModelRef]) -> ModelRef:
    return model_of("qwen3")


@pytest.fixture(params=ARCHITECTURES)
def any_model(request: pytest.FixtureRequest, model_of: Callable[[str], ModelRef]) -> ModelRef:
    return model_of(request.param)


def _example(index: int) -> Example:
    """Prompts and completions of unequal lengths; completions end with the tokenizer's end token, id 2."""
    question = f"What is {10**index} + {index}?"
    return Example(
        problem_id=f"p{index}",
        student_messages=(Message("user", question),),
        completion="",
        token_ids=(*range(30 + index, 36 + 2 * index), 2),
        teacher_messages=(Message("user", f"{question}\n\nThe answer is {10**index + index}. Solve the problem."),),
    )


@pytest.fixture
def examples() -> list[Example]:
    return [_example(index) for index in range(8)]


@pytest.fixture
def job(model: ModelRef, examples: list[Example], tmp_path: Path) -> Callable[..., TrainJob]:
    """`job(name, lr=..., ...)`: a job into the folder `name`. Settings, or fields of the job itself, replace these."""

    def make(name: str, **changes: object) -> TrainJob:
        fields = {f: changes.pop(f) for f in TrainJob.__dataclass_fields__ if f in changes}
        config = TrainConfig(**{"lora_rank": 4, "lr": 1e-2, "batch_size": 4, "schedule": "constant", **changes})
        plain = TrainJob(model, examples, config, seed=0, out_dir=tmp_path / name, dtype="float32", device="cpu")
        return replace(plain, **fields)

    return make
