"""The trusted Lean program of the WebAssembly runtime, compiled once into the cache.

Elaborating it takes longer than all the rest of a worker's start. The folder is named after the sources and after the
Lean that compiled them, so a change of either makes a new one; it is written aside and moved into place, so that it is
there whole or not at all.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

from pidistill.errors import VerifierError
from pidistill_lean import setup
from pidistill_lean.runtimes import wire

BUILD_LIMIT_S = 900.0
_MAIN = "prelude\nimport Serve\n"
_SCRIPTS = tuple(Path(__file__).with_name(name) for name in ("worker.js", "copy.js", "slim.js", "invoke.js"))


def command(
    node: Path,
    installation: setup.Installation,
    program: Path,
    *arguments: str,
    writes: bool = False,
    plain: bool = False,
) -> list[str]:
    """The command that runs Lean on a file of the folder `program`, tied to the life of this process.

    Node lets it read its own files and the two folders, and write nothing unless `writes`. It serves requests unless
    `plain`.
    """
    readable = [*_SCRIPTS, installation.folder, program]
    options = ["--permission", "--allow-worker", "--disallow-code-generation-from-strings", "--expose-gc"]
    options += [f"--allow-fs-read={path}" for path in readable]
    if writes:
        options.append(f"--allow-fs-write={program}")
    # the module is pinned: of its 200,000 functions those that run are validated, when they are compiled
    options.append("--wasm-lazy-validation")
    mode = "plain" if writes or plain else "serve"
    paths = [installation.script, installation.library, program]
    scripts = [str(_SCRIPTS[0]), str(os.getpid()), *map(str, paths), mode]
    return [str(node), *options, f"--stack-size={_stack_kib()}", *scripts, *arguments]


def environment() -> dict[str, str]:
    """Of the Node process: nothing of ours."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8"}


def compiled(node: Path, installation: setup.Installation) -> Path:
    """The folder of the compiled program, made where it is not there. Raises `VerifierError` where that fails."""
    folder = setup.cache_folder() / "lean" / f"program-{digest()}"
    if (folder / "Serve.olean").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "program.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "Serve.olean").is_file():
            return folder
        staging = Path(tempfile.mkdtemp(prefix="compile-", dir=folder.parent))
        try:
            _compile(node, installation, staging)
            shutil.rmtree(folder, ignore_errors=True)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return folder


def digest() -> str:
    """Of the trusted code and of the Lean that it is compiled for."""
    sources = [wire.judge_source(), *(wire.lean_source(name) for name in ("serve.lean", "build.lean"))]
    return wire.digest(*sources, _MAIN, setup.SHA256)


def _compile(node: Path, installation: setup.Installation, folder: Path) -> None:
    judge = wire.judge_source()
    (folder / "Build.lean").write_text(f"import Lean\n{judge}\n{wire.lean_source('build.lean')}", encoding="utf-8")
    (folder / "Serve.src").write_text(f"{judge}\n{wire.lean_source('serve.lean')}", encoding="utf-8")
    (folder / "Main.lean").write_text(_MAIN, encoding="utf-8")
    try:
        done = subprocess.run(
            command(node, installation, folder, "--run", "/program/Build.lean", writes=True),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=BUILD_LIMIT_S,
            env=environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VerifierError(
            f"The trusted Lean program was not compiled: {error}", f"Try: {setup.SETUP_COMMAND}"
        ) from error
    if not (folder / "Serve.olean").is_file():
        said = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if " error " in line]
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        why = json.dumps((said or last or [f"exit code {done.returncode}"])[0])
        raise VerifierError(f"The trusted Lean program does not compile: {why}", f"Try: {setup.SETUP_COMMAND}")


def _stack_kib() -> int:
    """For Node: as deep as the system lets the main thread go, less what Node itself needs. Deep terms need it."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    whole = (8 << 20) if soft in (resource.RLIM_INFINITY, -1) else soft
    return max(900, min(whole, 64 << 20) // 1024 * 3 // 4)
