"""Names to revisions to weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from pidistill.engines import loading
from pidistill.errors import EngineError
from pidistill.records import ModelRef
from small_models import make_adapter, make_model

IDS = torch.tensor([[5, 60, 61, 62, 7]])


def _logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=IDS).logits  # type: ignore[no-any-return]


def test_revision_is_content_not_place(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(folders["qwen3"], tmp_path / "elsewhere")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "_name_or_path": "x", "transformers_version": "0"}))
    (copy / "trainer_state.json").write_text("{}")
    (copy / "training_args.bin").write_bytes(b"0")
    here, there = loading.resolve_model(str(folders["qwen3"])), loading.resolve_model(str(copy))
    assert here.revision == there.revision
    assert here.base != there.base


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"])
def test_any_change_of_what_counts_changes_the_revision(folders: dict[str, Path], tmp_path: Path, file: str) -> None:
    copy = shutil.copytree(folders["qwen3"], tmp_path / "changed")
    before = loading.resolve_model(str(copy)).revision
    if file == "config.json":
        config = json.loads((copy / file).read_text())
        (copy / file).write_text(json.dumps({**config, "rms_norm_eps": 0.5}))
    else:
        content = bytearray((copy / file).read_bytes())
        content[-3] ^= 1
        (copy / file).write_bytes(content)
    assert loading.resolve_model(str(copy)).revision != before


def test_chat_options_and_adapter_are_parts_of_the_revision(ref: ModelRef, adapted: ModelRef) -> None:
    silent = loading.with_chat(adapted, {"enable_thinking": False})
    assert len({ref.revision, adapted.revision, silent.revision}) == 3
    assert loading.weights_revision(silent) == adapted.revision
    assert loading.base_revision(silent) == ref.revision
    assert loading.with_chat(silent, {}) == adapted
    assert loading.resolve_model(ref.base, {"enable_thinking": False}) == loading.with_chat(
        ref, {"enable_thinking": False}
    )


def test_adapter_revision_does_not_depend_on_the_base_models_folder(ref: ModelRef, tmp_path: Path) -> None:
    moved = shutil.copytree(ref.base, tmp_path / "moved")
    first = loading.trained_ref(ref, make_adapter(Path(ref.base), tmp_path / "one"), adapter=True)
    second = loading.trained_ref(ref, make_adapter(moved, tmp_path / "two"), adapter=True)
    assert first.revision == second.revision


def test_adapter_folder_by_name_brings_its_base(folders: dict[str, Path], adapted: ModelRef) -> None:
    assert loading.resolve_model(str(folders["adapter"])) == adapted


def test_refs_survive_json(adapted: ModelRef) -> None:
    assert ModelRef.from_json(adapted.to_json()) == adapted


@pytest.mark.parametrize("name", ["./nowhere", "a/b/c", "/nowhere", ""])
def test_missing_folder_is_named(name: str) -> None:
    with pytest.raises(EngineError, match="No model folder"):
        loading.resolve_model(name)


def test_folder_without_model_or_weights_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no config\.json"):
        loading.resolve_model(str(tmp_path))
    shutil.copy(folders["qwen3"] / "config.json", tmp_path)
    with pytest.raises(EngineError, match="no weights"):
        loading.resolve_model(str(tmp_path))


def test_damaged_weights_are_an_engine_error(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(folders["qwen3"], tmp_path / "damaged")
    (copy / "model.safetensors").write_bytes((copy / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(EngineError, match="damaged"):
        loading.load_model(loading.resolve_model(str(copy)), "float32", "cpu")


def test_adapter_of_another_architecture_is_an_engine_error(ref: ModelRef, tmp_path: Path) -> None:
    wide = make_adapter(make_model(tmp_path / "wide", hidden=128), tmp_path / "adapter")
    with pytest.raises(EngineError, match="Cannot put adapter"):
        loading.load_model(loading.trained_ref(ref, wide, adapter=True), "float32", "cpu")


def test_hub_name_resolves_offline_to_the_cached_commit(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layout is the hub cache's own; no network is asked for."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--someone--tiny"
    shutil.copytree(folders["qwen3"], repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    ref = loading.resolve_model("someone/tiny")
    assert ref == ModelRef("someone/tiny", commit)
    assert loading.pretrained_source(ref) == ("someone/tiny", commit)
    assert loading.has_file(ref, "generation_config.json")
    assert not loading.has_file(ref, "preprocessor_config.json")
    with pytest.raises(EngineError, match=r"someone/small.*neither a local folder nor in the local cache"):
        loading.resolve_model("someone/small")


def test_loading_leaves_the_global_generator_alone(adapted: ModelRef) -> None:
    before = torch.get_rng_state()
    loading.load_model(adapted, "float32", "cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_swapping_adapters_back_and_forth_restores_every_bit(
    ref: ModelRef, adapted: ModelRef, folders: dict[str, Path]
) -> None:
    second = loading.trained_ref(ref, folders["second adapter"], adapter=True)
    model = loading.load_model(ref, "float32", "cpu")
    seen = {}
    current = ref
    for turn in (adapted, second, ref, second, adapted):
        model = loading.swap_weights(model, current, turn)
        current = turn
        logits = _logits(model)
        assert torch.equal(logits, seen.setdefault(turn.revision, logits))
    assert not torch.allclose(seen[adapted.revision], seen[second.revision], atol=1e-2)
    assert torch.equal(seen[ref.revision], _logits(loading.load_model(ref, "float32", "cpu")))
    assert torch.equal(seen[second.revision], _logits(loading.load_model(second, "float32", "cpu")))


def test_full_weights_are_copied_into_the_same_tensors(
    ref: ModelRef, adapted: ModelRef, folders: dict[str, Path]
) -> None:
    other = loading.resolve_model(str(folders["other"]))
    model = loading.load_model(adapted, "float32", "cpu")
    place = model.get_input_embeddings().weight.data_ptr()
    model = loading.swap_weights(model, adapted, other)
    assert model.get_input_embeddings().weight.data_ptr() == place
    assert torch.equal(_logits(model), _logits(loading.load_model(other, "float32", "cpu")))
    model = loading.swap_weights(model, other, adapted)
    assert torch.equal(_logits(model), _logits(loading.load_model(adapted, "float32", "cpu")))


def test_another_architecture_is_loaded_afresh(adapted: ModelRef, folders: dict[str, Path]) -> None:
    llama = loading.resolve_model(str(folders["llama"]))
    model = loading.swap_weights(loading.load_model(adapted, "float32", "cpu"), adapted, llama)
    torch.testing.assert_close(_logits(model), _logits(loading.load_model(llama, "float32", "cpu")))


def test_adapter_equals_merged_weights(adapted: ModelRef, tmp_path: Path) -> None:
    model = loading.load_model(adapted, "float32", "cpu")
    logits = _logits(model)
    model.merge_and_unload().save_pretrained(tmp_path)
    for file in Path(adapted.base).glob("*token*"):
        shutil.copy(file, tmp_path)
    merged = loading.trained_ref(adapted, tmp_path, adapter=False)
    assert merged.adapter is None
    torch.testing.assert_close(_logits(loading.load_model(merged, "float32", "cpu")), logits, atol=1e-4, rtol=1e-4)


def test_devices_and_dtypes() -> None:
    cpu = loading.pick_device("cpu")
    assert loading.pick_dtype("auto", cpu) is torch.float32
    assert loading.pick_dtype("auto", torch.device("cuda")) is torch.bfloat16
    assert loading.pick_dtype("bfloat16", cpu) is torch.bfloat16
    for name in ("warp", f"cuda:{torch.cuda.device_count()}"):
        with pytest.raises(EngineError, match=name):
            loading.pick_device(name)
