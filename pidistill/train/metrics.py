"""The log of one training job: a line of JSON per optimizer step, and the summary that `Trained.metrics` carries.

The log is a file in the checkpoint's folder, so it is published with the weights it tells about. No clock time is
written: the same job writes the same log.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pidistill.errors import EngineError

LOG = "metrics.jsonl"


class StepLog:
    """Writes `metrics.jsonl`, unless another process does, and tells the caller's `progress`; closed by `with`."""

    def __init__(
        self,
        folder: Path,
        total: int,
        progress: Callable[[int, int, Mapping[str, float]], None],
        *,
        writes: bool = True,
    ) -> None:
        self._file = (folder / LOG if writes else Path(os.devnull)).open("w", encoding="utf-8")
        self._total, self._progress = total, progress
        self._rows: list[dict[str, float]] = []
        self.lines: list[str] = []
        """What the file holds."""

    def __enter__(self) -> StepLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def write(self, step: int, row: Mapping[str, float]) -> None:
        """Log optimizer step number `step` (1 is the first).

        Raises:
            EngineError: the loss or the gradient norm is not finite, so the weights are worth nothing from here on.
        """
        for name in ("loss", "grad_norm"):
            if not math.isfinite(row[name]):
                raise EngineError(
                    f"Training diverged: {name} is {row[name]} at step {step}.",
                    "Lower the learning rate (--set train.lr=...) or add train.warmup_steps; "
                    "float16 weights overflow easily, bfloat16 ones do not.",
                )
        self._put(json.dumps({"step": step, **row}))
        self._progress(step, self._total, row)

    def restore(self, lines: Iterable[str]) -> None:
        """Begin with the lines of a job that was killed."""
        for line in lines:
            self._put(line)

    def _put(self, line: str) -> None:
        row = json.loads(line)
        del row["step"]
        self._rows.append(row)
        self.lines.append(line)
        self._file.write(line + "\n")
        self._file.flush()

    def summary(self) -> dict[str, float]:
        """First, last and mean loss, mean and largest gradient norm (before clipping) of the steps written."""
        losses = [row["loss"] for row in self._rows]
        norms = [row["grad_norm"] for row in self._rows]
        return {
            "loss_first": losses[0],
            "loss_last": losses[-1],
            "loss_mean": math.fsum(losses) / len(losses),
            "grad_norm_mean": math.fsum(norms) / len(norms),
            "grad_norm_max": max(norms),
        }
