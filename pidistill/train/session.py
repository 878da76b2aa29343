"""What stays open between two jobs of one run: the network that is trained, its optimizer, and its teacher.

A run of an on-policy objective is a chain of jobs, each going on from the checkpoint of the one before. In one process
the next job takes over what the last one left open, in place of reading it back from the disk; to the same bits, since
a checkpoint holds all of it. There is one session at a time: whoever trains something else closes it first.
"""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pidistill.contracts import TrainJob
from pidistill.train import randomness
from pidistill.train.state import FILE, settings
from pidistill.train.weights import Trainee

_open: Session | None = None


@dataclass
class Session:
    """An open chain."""

    trainee: Trainee
    trainable: dict[str, nn.Parameter]
    optimizer: torch.optim.Optimizer
    loss: Any
    """The `StepLoss`, with its teacher."""
    step: int = 0
    """Optimizer steps taken."""
    kind: str = ""
    _settings: dict[str, Any] | None = None
    _checkpoint: tuple[int, int] | None = None
    _generators: dict[str, list[torch.Tensor]] | None = None

    def keep(self, job: TrainJob, kind: str, step: int) -> None:
        """Leave this open for the job that goes on from the checkpoint that `job` has just written."""
        global _open
        self.kind, self.step, self._settings = kind, step, settings(job)
        self._checkpoint, self._generators = _identity(job.out_dir), randomness.torch_state()
        _open = self


def take(job: TrainJob, kind: str) -> Session | None:
    """The session that `job` goes on with, its generators put back; where it is another one, that is closed."""
    global _open
    session, _open = _open, None
    if session is not None and job.resume_from is not None and session.kind == kind:
        same = session._checkpoint == _identity(job.resume_from) and session._settings == settings(job)
        if same and session._generators is not None and session.step < job.config.steps:
            randomness.set_torch_state(session._generators)
            return session
    if session is not None:
        _open = session
        del session
        close()
    return None


def close() -> None:
    """Close what is open, and free its memory."""
    global _open
    if _open is None:
        return
    held = [weakref.ref(part) for part in (_open.trainee.model, _open.optimizer, _open.loss)]
    _open = None
    if any(part() is not None for part in held):  # by a cycle: a whole collection takes most of a second
        gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _identity(folder: Path) -> tuple[int, int] | None:
    """The file of a checkpoint's state, which keeps its identity when the folder is renamed."""
    try:
        found = (folder / FILE).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
