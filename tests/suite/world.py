"""The miniature world of sums as an installed plugin, so that processes which run cells find it as they find any other.

Everything but the model is real. The engine has moods, so that a cell can fail in the ways in which cells fail: while
the file `trigger` is there it raises, is killed, takes all memory, or is slow.
"""

from __future__ import annotations

from pathlib import Path

from tests.core.addition import write_model
from tests.fake_packages import install

ROOT = Path(__file__).parents[2]

PLUGIN = '''
    """Sums as a plugin."""

    import os, signal, sys, time
    from pathlib import Path

    from pidistill import hookimpl
    from pidistill.contracts import DataSource, Embedded, Spec
    from tests.core import addition

    HERE = Path(__file__).parent


    class Sums(addition.Addition):
        name = "sums"

        def problems(self, source):
            numbers = addition.TRAIN if source.split == "train" else addition.HELD_OUT
            for problem in list(super().problems(source))[: source.limit]:
                yield problem

        def open_verifier(self, config, sandbox=None):
            if "sums" in config:
                return addition.Ailing(config)
            return super().open_verifier(config, sandbox)

        def embedded(self):
            return Embedded(HERE / "model", DataSource("sums", "train"), DataSource("sums", "test"), 8)


    class Moody(addition.SkilledEngine):
        name = "moody"

        def __init__(self, model, config):
            super().__init__(model, config.batch_size)
            self.mood = config.options.get("mood", "")
            trigger = config.options.get("trigger")
            self.before_batch = lambda: self.act() if trigger is None or Path(trigger).exists() else None

        def identity(self):
            return {"mood": self.mood}

        def act(self):
            if self.mood == "raise":
                raise ZeroDivisionError("the engine divided by zero")
            if self.mood == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.mood == "memory":
                hoard = [b"x" * (1 << 20) for _ in range(600)]
                time.sleep(20)
            if self.mood == "slow":
                time.sleep(0.05)


    class Practice(addition.Practice):
        pass


    @hookimpl
    def pidistill_register_domains():
        return [Spec("sums", "Sums.", "pidistill_sums:Sums")]

    @hookimpl
    def pidistill_register_engines():
        return [Spec("moody", "Adds, in moods.", "pidistill_sums:Moody")]

    @hookimpl
    def pidistill_register_objectives():
        return [Spec("practice", "Learns to add.", "pidistill_sums:Practice")]
'''

SUITE = """
title = "Sums"
store = {store!r}
[axes]
domain = "sums"
recipe = ["retry", "rejection"]
seed = [0, 1, 2]
{axes}
[settings]
engine.name = "moody"
engine.batch_size = 7
train.objective = "practice"
verify.workers = 1
{settings}
[run]
workers = {workers}
{rest}
"""


def install_sums(site: Path) -> Path:
    """Install the plugin `pidistill-sums` into `site`, with its model; returns `site`."""
    install(site, "pidistill-sums", "1.0", {"pidistill_sums.py": PLUGIN}, {"sums": "pidistill_sums"})
    write_model(site / "model", 0.4)
    return site


def write_suite(
    folder: Path, *, axes: str = "", settings: str = "", rest: str = "", workers: int = 2, name: str = "sums",
    store: Path | None = None,
) -> Path:  # fmt: skip
    """A suite file in `folder`; its store lies beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = SUITE.format(
        store=str(store or folder / "store"), axes=axes, settings=settings, rest=rest, workers=workers
    )  # fmt: skip
    (folder / f"{name}.toml").write_text(text)
    return folder / f"{name}.toml"
