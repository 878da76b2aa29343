"""Random numbers of one training job: seeded inside, and the caller's generators untouched outside.

Dropout, the first values of a LoRA adapter and TRL's data order draw from Python's, numpy's and torch's global
generators. `isolated` seeds all of them for the length of a job and puts them back afterwards, so the same job gives
the same weights whatever ran before it.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def isolated(seed: int) -> Iterator[None]:
    """Seed all global generators from `seed`; on leaving, restore what they were."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def torch_state() -> dict[str, list[torch.Tensor]]:
    """State of torch's generators, to go on from in a later job."""
    return {"cpu": [torch.get_rng_state()], "cuda": torch.cuda.get_rng_state_all()}


def set_torch_state(state: dict[str, list[torch.Tensor]]) -> None:
    """Go on from `torch_state`. Generators of GPUs that were not there then keep their seed."""
    torch.set_rng_state(state["cpu"][0])
    for device, generator in enumerate(state["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(generator, device)
