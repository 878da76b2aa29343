"""Real, small packages: in a folder, modules beside a `.dist-info` as pip leaves them; or as wheels for pip.

`Installation` is a Python of its own with nothing but what pip installs into it, beside the core and its libraries.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import textwrap
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path


def install(
    site: Path,
    package: str,
    version: str,
    modules: Mapping[str, str],
    entry_points: Mapping[str, str] | str = "",
    metadata: str = "",
) -> None:
    """Install `package` into `site`: file name -> code, and entry-point name -> module, or the raw text of the file."""
    site.mkdir(parents=True, exist_ok=True)
    for name, code in modules.items():
        (site / name).write_text(textwrap.dedent(code), "utf-8")
    info = site / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{metadata}", "utf-8")
    if not isinstance(entry_points, str):
        entry_points = "[pidistill]\n" + "".join(f"{name} = {value}\n" for name, value in entry_points.items())
    (info / "entry_points.txt").write_text(entry_points, "utf-8")


def wheel(folder: Path, package: str, version: str, files: Mapping[str, str], entry_points: Mapping[str, str]) -> Path:
    """A wheel of `package` in `folder`: path in the wheel -> content, and entry-point name -> module."""
    name = f"{package.replace('-', '_')}-{version}"
    points = "[pidistill]\n" + "".join(f"{point} = {module}\n" for point, module in entry_points.items())
    content = {
        **files,
        f"{name}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}.dist-info/entry_points.txt": points,
    }
    record = "".join(f"{path},,\n" for path in [*content, f"{name}.dist-info/RECORD"])
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**content, f"{name}.dist-info/RECORD": record}.items():
            archive.writestr(inside, text)
    return path


class Installation:
    """A Python that sees the core and its libraries, and of plugins only what `pip` installs."""

    def __init__(self, folder: Path, core: Path) -> None:
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        site = next(folder.glob("lib/python*/site-packages"))
        # Paths of a .pth file come after this folder, and .pth files that they hold are not read: so what is installed
        # for development here is not importable there.
        (site / "core.pth").write_text(f"{core}\n{sysconfig.get_path('purelib')}\n", "utf-8")

    def pip(self, *arguments: str) -> None:
        """Run pip on this Python. Nothing is fetched."""
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(self.python)]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    def pidistill(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return self.run("-m", "pidistill", *arguments)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this Python."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [str(self.python), *arguments],
            env={**environment, "COLUMNS": "200"}, cwd=self.python.parent, capture_output=True, text=True, timeout=300,
        )  # fmt: skip


HEAD = """
    from pidistill import hookimpl
    from pidistill.contracts import Spec
"""

TOY = (
    HEAD
    + """
    from pidistill.contracts import DataSource, Domain, Verifier

    class ToyDomain(Domain):
        name = "toy"
        def datasets(self): return {}
        def problems(self, source): return iter(())
        def prompt(self, problem): return ()
        def open_verifier(self, config, sandbox=None): raise NotImplementedError
        def oracle(self, problem): return None

    @hookimpl
    def pidistill_register_domains():
        return [Spec("toy", "A domain for tests.", "pidistill_toy:ToyDomain")]
"""
)


def install_toy(site: Path) -> None:
    """A sound package, `pidistill-toy 0.3.0`, with one domain, `toy`."""
    install(site, "pidistill-toy", "0.3.0", {"pidistill_toy.py": TOY}, {"toy": "pidistill_toy"})


def registering(hook: str, body: str) -> str:
    """Code of a plugin with one register hook of this body."""
    return (
        HEAD
        + f"""
    @hookimpl
    def {hook}():
        {body}
"""
    )


BROKEN: dict[str, tuple[str, str]] = {
    "import-error": ("import a_module_that_is_nowhere\n", "No module named 'a_module_that_is_nowhere'"),
    "syntax-error": ("def (:\n", "SyntaxError"),
    "exits-on-import": ("import sys; sys.exit(7)\n", "SystemExit: 7"),
    "unknown-argument": (
        HEAD
        + """
    @hookimpl
    def pidistill_verdict(problem, temperature): ...
""",
        "temperature",
    ),
    "misspelt-hook": (
        registering("pidistill_register_domain", "return []"),
        "unknown hook 'pidistill_register_domain'. Did you mean 'pidistill_register_domains'?",
    ),
    "unmarked-hook": ("def pidistill_register_domains(): return []\n", "lacks the @pidistill.hookimpl marker"),
    "empty": ("", "implements no hook"),
    "raising": (registering("pidistill_register_domains", "raise KeyError('left')"), "raised KeyError: 'left'"),
    "returns-text": (registering("pidistill_register_domains", "return 'toy'"), "returned str"),
    "returns-none": (registering("pidistill_register_domains", "return None"), "returned NoneType"),
    "returns-wrong-items": (registering("pidistill_register_domains", "return [{'name': 'x'}]"), "item of type dict"),
    "generator": (registering("pidistill_register_domains", "yield Spec('x', 'x', 'x:x')"), "returned generator"),
    "wrong-api": (
        registering("pidistill_register_engines", "return [Spec('turbo', 'x', 'x:x', api=99)]"),
        "engine 'turbo' is made for API 99",
    ),
    "bad-factory": (
        registering("pidistill_register_engines", "return [Spec('turbo', 'x', 'nothing')]"),
        "factory 'nothing' is not 'package.module:Class'",
    ),
    "bad-name": (
        registering("pidistill_register_engines", "return [Spec('Turbo!', 'x', 'x:x')]"),
        "'Turbo!' is no name",
    ),
    "twice-the-same": (
        registering("pidistill_register_engines", "return [Spec('t', 'x', 'x:x'), Spec('t', 'x', 'y:y')]"),
        "two specs named 't'",
    ),
    "async": (
        HEAD
        + """
    @hookimpl
    async def pidistill_register_domains(): return []
""",
        "is async",
    ),
    "wrapper": (
        HEAD
        + """
    @hookimpl(wrapper=True)
    def pidistill_register_domains(): return (yield)
""",
        "is a wrapper",
    ),
}
"""What is wrong -> (code of the plugin's module, part of the reason that must be given)."""
