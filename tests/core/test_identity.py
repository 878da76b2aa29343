"""A key holds everything that a result depends on, and nothing else: every field of the configuration, by its kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from pidistill.config import ModelConfig, RecipeConfig, RoleConfig, RunConfig, Stage, StageTables, TrainConfig
from pidistill.identity import VERSION, FieldKind, defaults, kind_of, result, result_fields
from pidistill.records import Example, Message, Rollout, Sampling
from tests.core.builders import rollout

BASE = RunConfig(recipe=RecipeConfig(name="retry", summary="One line."), domain="sums")
GOLDEN = Path(__file__).parent / "defaults.json"

OTHER: dict[str, Any] = {
    "recipe.name": "another", "domain": "words", "recipe.summary": "Another line.", "seeds": (7,),
    "recipe.stages": (StageTables(name="first"), StageTables(name="second")),
    "roles": {"hinter": RoleConfig(model="large")}, "recipe.control_for": ("opsd",), "recipe.controls": ("opsd",),
    "recipe.examples.keep": "all", "train.refresh_every": 3, "train.teacher": "live", "train.divergence": "rkl",
    "train.schedule": "cosine", "data.train.limit": 3, "data.evaluate.limit": 3,
}  # fmt: skip
"""Values for fields whose other value does not follow from their type."""


def fields(table: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted name and field of everything in a table, nested tables within."""
    for name, field in table.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from fields(annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def another(name: str, field: FieldInfo) -> Any:
    """A value that is not the field's default."""
    if name in OTHER:
        return OTHER[name]
    default, kinds = field.default, (field.annotation, *get_args(field.annotation))
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    if isinstance(default, float):
        return default / 2 or 0.5
    if isinstance(default, Path) or (default is None and Path in kinds):
        return Path("elsewhere")
    if isinstance(default, dict) or (default is None and any("dict" in str(kind) for kind in kinds)):
        return {"enable": True}
    if isinstance(default, tuple):
        return ("strict",)
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str) and choice != default]
    return choices[0] if choices else "another"


def changed(config: RunConfig, name: str, value: Any) -> RunConfig:
    *path, last = name.split(".")
    tables: list[BaseModel] = [config]
    for part in path:
        tables.append(getattr(tables[-1], part))
    made: Any = value
    for table, part in zip(reversed(tables), reversed([*path, last]), strict=True):
        made = table.model_copy(update={part: made})
    assert isinstance(made, RunConfig)
    return made


FIELDS = dict(fields(RunConfig))


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_moves_the_cell_exactly_when_it_is_declared_a_result(name: str) -> None:
    field = FIELDS[name]
    other = changed(BASE, name, another(name, field))
    assert other != BASE, "the test must change something"
    moved = other.cell_id(0) != BASE.cell_id(0)
    assert moved == (kind_of(field) is FieldKind.RESULT)


@pytest.mark.parametrize("table", [Stage, StageTables, RoleConfig])
def test_every_field_of_every_table_is_declared(table: type[BaseModel]) -> None:
    assert all(kind_of(field) in FieldKind for _, field in fields(table))


def test_an_undeclared_field_is_an_error_and_no_default_kind() -> None:
    table = create_model("Careless", speed=(int, 3))
    with pytest.raises(TypeError, match="must be declared"):
        result_fields(table(speed=4))


def test_a_new_field_with_a_default_moves_no_key() -> None:
    wider = create_model("Wider", __base__=TrainConfig, warm_restarts=(int, result(0)))
    assert result_fields(wider(lr=1e-3)) == result_fields(TrainConfig(lr=1e-3))
    assert result_fields(wider(warm_restarts=2)) == {"warm_restarts": 2}


def test_a_default_said_aloud_is_the_default() -> None:
    said = BASE.model_copy(update={"train": TrainConfig(lr=2e-5, lora_rank=16)})
    assert said.cell_id(0) == BASE.cell_id(0)


def test_changing_a_default_is_a_new_version() -> None:
    """A key says nothing of fields at their defaults, so a default may only change together with `identity.VERSION`.

    To accept a change: raise VERSION, and add what `defaults(RunConfig)` and `defaults(RoleConfig)` say to the file.
    """
    known = json.loads(GOLDEN.read_text("utf-8"))
    now = {**dict(defaults(RunConfig)), **{f"roles.*.{name}": value for name, value in defaults(RoleConfig)}}
    assert known["version"] == VERSION
    moved = {name: (value, now.get(name)) for name, value in known["defaults"].items() if now.get(name) != value}
    assert not moved, f"defaults that changed or went without a new version: {moved}"
    assert set(now) == set(known["defaults"]), "a new field: add it to the file, at its default, under the same version"


def test_the_seed_is_part_of_the_name() -> None:
    assert len({BASE.cell_id(seed) for seed in range(5)}) == 5
    assert BASE.cell_id(3).startswith("retry-sums-s3-")


def test_a_stage_s_own_setting_and_the_run_s_make_one_identity() -> None:
    staged = RecipeConfig(name="x", summary="", stages=(StageTables(name="one", train={"lr": 1e-3}),))
    flat = BASE.model_copy(update={"recipe": staged})
    same = BASE.model_copy(
        update={
            "recipe": staged.model_copy(update={"stages": (StageTables(name="one"),)}),
            "train": TrainConfig(lr=1e-3),
        }
    )
    assert flat.identity()["stages"] == same.identity()["stages"]


def test_where_a_model_lies_is_no_part_of_what_a_cell_was_run_with() -> None:
    here, there = (
        BASE.model_copy(update={"model": ModelConfig(name=place), "roles": {"hinter": RoleConfig(model=place)}})
        for place in ("/here/model", "/there/model")
    )
    assert here.cell_id(0) != there.cell_id(0), "by name they are two"
    assert here.identity(places=False) == there.identity(places=False)


def test_a_record_s_digest_does_not_hold_defaults() -> None:
    made = rollout("p", "1")
    assert "role" not in made.identity() and "role" in made.to_json()
    example = Example("p", (Message("user", "?"),), "1", (1,))
    assert set(example.identity()) == {"problem_id", "student_messages", "completion", "token_ids"}
    assert Sampling(0.7).identity() == {} != Sampling(0.6).identity()
    assert isinstance(made, Rollout)
