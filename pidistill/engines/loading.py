"""From a model's name to a `ModelRef`, and from a `ModelRef` to weights in memory. One owner, for engines and trainers.

A revision says what the model would say, not where it lies: it is the hub's commit hash, or a hash of the contents of
weights, configuration and tokenizer of a local folder, then `+adapter-<hash>` for a LoRA adapter and `+chat-<hash>` for
options of the chat template. A folder that is copied, or made again with the same contents, keeps its revision; file
names inside configurations and library versions do not count. The hash reads every byte (about 1 GB/s for each core),
since a rollout in the store is reused wherever the revision agrees.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pidistill.errors import EngineError, MissingDependencyError
from pidistill.records import JSON, ModelRef, content_hash

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

    AnyModel: TypeAlias = PreTrainedModel | PeftModel

_BASE_FILES = (
    "*.safetensors",
    "pytorch_model*.bin",
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "chat_template*",
)
_ADAPTER_FILES = ("adapter_model.*", "adapter_config.json")
_CONFIGS = ("config.json", "generation_config.json", "tokenizer_config.json", "adapter_config.json")
_VOLATILE = ("_name_or_path", "name_or_path", "base_model_name_or_path", "transformers_version", "peft_version")
"""Keys of `_CONFIGS` that tell where a model came from, and change nothing that it says."""

_HUB_TIMEOUT_S = 20.0


class Source(NamedTuple):
    """The first two arguments of every `from_pretrained`."""

    name: str
    revision: str


def resolve_model(name: str, chat: Mapping[str, JSON] | None = None) -> ModelRef:
    """The model called `name`, pinned to its present contents.

    Args:
        name: a local folder (a model's, or a LoRA adapter's, which names its base model), or a Hugging Face name. A
            name is looked up on the hub, or in the local cache where the hub cannot be reached.
        chat: options for the chat template; they become part of the revision.

    Raises:
        EngineError: there is no such model, naming what was looked for and where.
    """
    chat = dict(chat or {})
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return _resolve_folder(folder.resolve(), chat)
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1 or not name:
        raise EngineError(
            f"No model folder {name!r}.", "Give a folder with config.json and weights, or a Hugging Face name."
        )
    return ModelRef(base=name, revision=_with_chat(_hub_commit(name), chat), chat=chat)


def trained_ref(start: ModelRef, folder: Path, adapter: bool) -> ModelRef:
    """The model that training made out of `start`: a LoRA adapter for its base, or full weights with tokenizer."""
    if not adapter:
        return _resolve_folder(folder.resolve(), start.chat)
    revision = f"{base_revision(start)}+adapter-{_hash_folder(folder, _ADAPTER_FILES)}"
    return dataclasses.replace(start, revision=_with_chat(revision, start.chat), adapter=str(folder.resolve()))


def with_chat(ref: ModelRef, chat: Mapping[str, JSON]) -> ModelRef:
    """The same weights with other options for the chat template, such as the teacher's."""
    return dataclasses.replace(ref, revision=_with_chat(weights_revision(ref), chat), chat=dict(chat))


def base_revision(ref: ModelRef) -> str:
    """The revision of the base model alone."""
    return ref.revision.partition("+")[0]


def weights_revision(ref: ModelRef) -> str:
    """The revision of the weights, adapter included, whatever the chat options."""
    return ref.revision.partition("+chat-")[0]


def pretrained_source(ref: ModelRef) -> Source:
    """Where to load `ref`'s base model from. A local folder has no revisions; the hub is asked for the pinned one."""
    return Source(ref.base, "main" if Path(ref.base).is_dir() else base_revision(ref))


def local_folder(ref: ModelRef) -> Path:
    """The folder that holds `ref`'s base model, fetched from the hub first where that is where the model is."""
    if Path(ref.base).is_dir():
        return Path(ref.base)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(ref.base, revision=base_revision(ref), allow_patterns=list(_BASE_FILES)))


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor in the safetensors files of `folder`. Reads their headers only."""
    from safetensors import safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            shapes.update({name: tuple(file.get_slice(name).get_shape()) for name in file.keys()})  # noqa: SIM118
    return shapes


def has_file(ref: ModelRef, file: str) -> bool:
    """Whether `ref`'s base model comes with `file`. Fetches it from the hub where that is where the model is."""
    if Path(ref.base).is_dir():
        return (Path(ref.base) / file).is_file()
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        hf_hub_download(ref.base, file, revision=base_revision(ref))
    except EntryNotFoundError:
        return False
    return True


def use_threads(count: int) -> None:
    """Let torch use `count` threads of the CPU, in this process, from now on.

    A small model gains little from a second thread and loses everything where another process wants that core: each
    of its many small products then waits for a thread that is not running.
    """
    import torch

    torch.set_num_threads(count)


def pick_device(name: str) -> torch.device:
    """The torch device called `name`; `auto` is the first GPU, else the CPU. Raises `EngineError` if not there."""
    import torch

    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise EngineError(f"Unknown device {name!r}.", "Try: --set engine.device=auto") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise EngineError(f"Device {name!r} is not there.", "Try: --set engine.device=auto, or pidistill doctor")
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The torch type called `name`; `auto` is bfloat16 on a GPU and float32 on a CPU."""
    import torch

    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def load_model(ref: ModelRef, dtype: str = "auto", device: str = "auto", *, trainable: bool = False) -> AnyModel:
    """The weights of `ref`, a `PeftModel` where it has an adapter, in evaluation mode.

    Args:
        ref: from `resolve_model` or `trained_ref`.
        dtype: `auto`, `float32`, `bfloat16` or `float16`.
        device: `auto` or a torch device.
        trainable: whether the adapter's weights take gradients.

    Raises:
        EngineError: weights are missing, damaged, of an unknown architecture, or do not fit into memory.
    """
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        raise MissingDependencyError("transformers", "train", "Loading a model") from error
    where = pick_device(device)
    source = pretrained_source(ref)
    try:
        with _no_progress_bar():
            model = AutoModelForCausalLM.from_pretrained(
                source.name, revision=source.revision, dtype=pick_dtype(dtype, where)
            )
        model.to(where)
    except torch.OutOfMemoryError as error:
        raise EngineError(f"Model {ref.base!r} does not fit on {where}.", "Try a smaller model or dtype.") from error
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise EngineError(
            f"Cannot load model {ref.base!r}: {error}",
            "Check that its folder holds config.json and whole weights, and that this transformers knows its type.",
        ) from error
    model.train(False)
    return _attach_adapter(model, ref, trainable) if ref.adapter else model


def swap_weights(model: AnyModel, old: ModelRef, new: ModelRef) -> AnyModel:
    """`model`, loaded for `old`, turned into `new` with as little work as it takes: nothing, the adapter, or weights.

    The base model's tensors stay where they are: new full weights of the same shapes are copied into them, so that
    device memory never holds two models. `model` must not be used afterwards; what is returned takes its place.

    Raises:
        EngineError: the new weights or the adapter cannot be loaded.
    """
    if weights_revision(old) == weights_revision(new):
        return model
    base: PreTrainedModel = model.unload() if old.adapter else model
    if base_revision(old) != base_revision(new):
        fresh = load_model(dataclasses.replace(new, adapter=None), str(base.dtype).removeprefix("torch."), "cpu")
        if {k: v.shape for k, v in fresh.state_dict().items()} != {k: v.shape for k, v in base.state_dict().items()}:
            base = fresh.to(base.device)
        else:
            base.load_state_dict(fresh.state_dict())
    return _attach_adapter(base, new, trainable=False) if new.adapter else base


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Weights are loaded many times in a run: transformers' progress bar would fill the terminal."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _attach_adapter(model: PreTrainedModel, ref: ModelRef, trainable: bool) -> PeftModel:
    try:
        from peft import PeftModel
        from safetensors import SafetensorError
    except ImportError as error:
        raise MissingDependencyError("peft", "train", f"The adapter {ref.adapter}") from error
    try:
        # Without low_cpu_mem_usage the factors would first be drawn at random from the global generator.
        lora = PeftModel.from_pretrained(model, str(ref.adapter), is_trainable=trainable, low_cpu_mem_usage=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise EngineError(
            f"Cannot put adapter {ref.adapter} on model {ref.base!r}: {error}",
            "It needs adapter_config.json and adapter_model.safetensors, made for this base model.",
        ) from error
    return lora.train(trainable)


def _resolve_folder(folder: Path, chat: Mapping[str, JSON]) -> ModelRef:
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            base = json.loads((folder / "adapter_config.json").read_text("utf-8")).get("base_model_name_or_path")
            return trained_ref(resolve_model(str(base or ""), chat), folder, adapter=True)
        raise EngineError(f"{folder} is no model: it has no config.json.", "Is it a folder above or below that one?")
    if not any((*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin"))):
        raise EngineError(f"{folder} holds no weights (*.safetensors).", "Was the download or the training cut off?")
    return ModelRef(base=str(folder), revision=_with_chat(_hash_folder(folder, _BASE_FILES), chat), chat=dict(chat))


def _hub_commit(name: str) -> str:
    """Commit hash that `name`'s main branch points to now, or pointed to when it was last fetched."""
    try:
        from huggingface_hub import HfApi, try_to_load_from_cache
        from huggingface_hub.errors import (  # type: ignore[attr-defined]
            GatedRepoError,
            HFValidationError,
            HTTPError,
            RepositoryNotFoundError,
        )
    except ImportError as error:
        raise MissingDependencyError("huggingface_hub", "train", f"Looking up model {name!r}") from error
    try:
        commit = HfApi().model_info(name, timeout=_HUB_TIMEOUT_S).sha
    except GatedRepoError as error:
        raise EngineError(
            f"Model {name!r} asks for its licence to be accepted.", "Accept it on the hub, then: hf auth login"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise EngineError(
            f"The Hugging Face hub has no model {name!r}, and there is no local folder of that name.",
            "Check its spelling; for a private one: hf auth login",
        ) from error
    except (HTTPError, ConnectionError) as error:
        cached = try_to_load_from_cache(name, "config.json")
        if isinstance(cached, str):
            return Path(cached).parent.name
        raise EngineError(
            f"Model {name!r} is neither a local folder nor in the local cache, and the hub cannot be asked: {error}",
            f"On a machine with a network: hf download {name}; or give the path of a local copy.",
        ) from error
    if commit is None:
        raise EngineError(f"The Hugging Face hub names no commit for model {name!r}.", "Give the path of a local copy.")
    return commit


def _with_chat(revision: str, chat: Mapping[str, JSON]) -> str:
    return f"{revision}+chat-{content_hash(dict(chat))[:12]}" if chat else revision


def _hash_folder(folder: Path, patterns: tuple[str, ...]) -> str:
    """Content hash of the files directly in `folder` that match `patterns`, by name."""
    files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    if not files:
        raise EngineError(f"{folder} holds none of {', '.join(patterns)}.", "Was the training cut off?")
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_hash_file, files))
    return content_hash({path.name: digest for path, digest in zip(files, digests, strict=True)})


def _hash_file(path: Path) -> str:
    if path.name in _CONFIGS:
        values = json.loads(path.read_text("utf-8"))
        return content_hash({key: _canonical(value) for key, value in values.items() if key not in _VOLATILE})
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _canonical(value: JSON) -> JSON:
    """A setting in the one order that counts: PEFT writes what is a set, such as `target_modules`, in any order."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value, key=str)
    return value
