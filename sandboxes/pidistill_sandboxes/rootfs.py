"""A root file system made of the interpreter that runs this, for Docker where no registry can be reached.

It holds the interpreter, its standard library without installed packages and tests, the shared libraries that these
load, and a few small programs, since candidates may start some. Beside each module lies what it compiles to: nothing
can be written inside, so each start, and each program that imports one, would compile it anew.
"""

from __future__ import annotations

import io
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pidistill.errors import SandboxError
from pidistill_sandboxes.guest import host_python

_LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "ensurepip", "__pycache__"}
_PROGRAMS = ("sh", "true", "cat", "sleep", "echo")
_FOLDERS = ("tmp", "proc", "sys", "dev", "etc", "run", "var/tmp")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def write_rootfs(path: Path) -> Path:
    """Write the tar to `path` and return it. Raises `SandboxError` where `ldd` is missing."""
    python, library = Path(host_python()), Path(sysconfig.get_path("stdlib")).resolve()
    programs = [Path(found) for name in _PROGRAMS if (found := shutil.which(name, path="/bin:/usr/bin"))]
    modules = [file for file in _files(library) if file.suffix == ".so"]
    with tarfile.open(path, "w") as tar:
        for folder in _FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder.endswith("tmp") else 0o755
            tar.addfile(entry)
        added: set[str] = set()
        for file in [python, *programs, *_libraries([python, *programs, *modules]), *_files(library)]:
            _add(tar, file, str(file), added)
        for file, content in _compiled(file for file in _files(library) if file.suffix == ".py"):
            entry = tarfile.TarInfo(
                f"{file.parent}/__pycache__/{file.stem}.{sys.implementation.cache_tag}.pyc".lstrip("/")
            )
            entry.size, entry.mode = len(content), 0o444
            tar.addfile(entry, io.BytesIO(content))
        for name in ("usr/bin/python3", "usr/local/bin/python3"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, str(python)
            tar.addfile(entry)
    return path


def _add(tar: tarfile.TarFile, file: Path, name: str, added: set[str]) -> None:
    """The file that `file` leads to, under `name`, belonging to root and readable by all."""
    if name in added:
        return
    added.add(name)
    entry = tar.gettarinfo(str(file.resolve()), name.lstrip("/"))
    if not entry.isreg():
        entry.type, entry.size = tarfile.REGTYPE, file.stat().st_size  # the second of two hard links
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode |= 0o555 if entry.mode & 0o100 else 0o444
    with file.open("rb") as content:
        tar.addfile(entry, content)


def _compiled(modules: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Each module with its bytecode, which is taken without a look at the source's time; all but what is no Python."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    with TemporaryDirectory() as folder:
        target = str(Path(folder, "module.pyc"))
        for file in modules:
            try:
                py_compile.compile(str(file), target, doraise=True, optimize=0, invalidation_mode=unchecked)
            except py_compile.PyCompileError:
                continue
            yield file, Path(target).read_bytes()


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        if file.is_dir():
            if file.name not in _LEFT_OUT and not file.name.startswith("config-"):
                yield from _files(file)
        elif file.is_file():
            yield file


def _libraries(binaries: Iterable[Path]) -> list[Path]:
    """The shared libraries and the loader that `binaries` need, under the names they need them by."""
    try:
        listing = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        raise SandboxError(f"ldd, which lists shared libraries, cannot be run: {error}") from error
    found = {Path(path) for path in _LIBRARY.findall(listing)}
    if not found:
        raise SandboxError(f"{sys.executable} shows no shared libraries.", "Use: --from-rootfs TAR")
    return sorted(found)
