"""Small models that the engine tests share, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pidistill.engines.loading import resolve_model, trained_ref
from pidistill.records import ModelRef
from small_models import ARCHITECTURES, make_adapter, make_model


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Matrices this small are slower on several threads, and far slower on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Architecture name -> model folder; `other` is a Qwen3 with other weights, `adapter` LoRA for the first Qwen3."""
    root = tmp_path_factory.mktemp("models")
    made = {name: make_model(root / name, name) for name in ARCHITECTURES}
    made["other"] = make_model(root / "other", "qwen3", seed=1)
    made["adapter"] = make_adapter(made["qwen3"], root / "adapter")
    made["second adapter"] = make_adapter(made["qwen3"], root / "second", rank=2, seed=1)
    return made


@pytest.fixture(scope="session")
def ref(folders: dict[str, Path]) -> ModelRef:
    return resolve_model(str(folders["qwen3"]))


@pytest.fixture(scope="session")
def adapted(ref: ModelRef, folders: dict[str, Path]) -> ModelRef:
    return trained_ref(ref, folders["adapter"], adapter=True)
