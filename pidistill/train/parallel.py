"""One training job in several processes: each takes its share of every batch's rows, and gradients are summed.

A batch stays the batch: its size, which the loss is divided by, is that of all rows, so the sum over the processes is
the gradient of one process up to rounding, and each of them takes the same optimizer step. Every process holds the
model, its optimizer and its teacher; the first alone writes the checkpoint, and for that all see one file system.

The processes are started by `torchrun` (`start`). The first runs the command as if it were alone, sampling and judging
included, and tells the others of each job (`job`); these do nothing else (`serve`). If one fails, torchrun ends
all of them, and the same command goes on from what the store holds. In one process everything here does nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from pidistill.errors import EngineError

if TYPE_CHECKING:
    from pidistill.contracts import Objective, TrainJob

_parted = False
"""Whether a job has failed."""
T = TypeVar("T")
BUCKET = 2**25
"""Elements of gradients that are summed at one time."""
PATIENCE = timedelta(days=7)
"""How long the others wait for the first to sample and judge."""


def takes_part() -> bool:
    """Whether this is one of several processes that `torchrun` has started, and not the first; then returns when the
    first one ends."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return False
    start()
    if first():
        return False
    serve()
    return True


def start() -> None:
    """Meet the other processes. In the first, has them leave when it ends."""
    if not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(local_rank())
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
        if first():
            atexit.register(_dismiss)


def serve() -> None:
    """Take part in every job that the first process announces, until it ends."""
    while (told := _broadcast(None)) is not None:
        objective, job = told
        if job.device in ("auto", "cuda"):
            job = dataclasses.replace(job, device=f"cuda:{local_rank()}" if torch.cuda.is_available() else "cpu")
        objective().train(job)


@contextlib.contextmanager
def job(objective: Objective, job: TrainJob) -> Iterator[None]:
    """Around a job's training: the first process has the others take part in it.

    Where it fails in one process the others wait for that one, so they cannot be asked again: the first process goes
    on without training, and ends as a failure, upon which torchrun ends the others.

    Raises:
        EngineError: an earlier job failed.
    """
    global _parted
    if _parted:
        raise EngineError("An earlier training job failed, so its processes are out of step.", "Run it again.")
    if several() and first():
        _broadcast((type(objective), dataclasses.replace(job, progress=_silent)))
    try:
        yield
    except BaseException:
        _parted = several()
        raise


def several() -> bool:
    return bool(dist.is_initialized() and dist.get_world_size() > 1)


def size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def local_rank() -> int:
    """The number of this process on its machine, and of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def first() -> bool:
    """Whether this process writes what is written."""
    return rank() == 0


def mine(rows: Sequence[T]) -> Sequence[T]:
    """This process's share; neighbours, which are alike where rows are sorted, go to different processes."""
    return rows[rank() :: size()] if several() else rows


def wait() -> None:
    """Until all processes are here: what the first has written is then there for all."""
    if several():
        dist.barrier()


def sums(*numbers: float) -> tuple[float, ...]:
    """Each number summed over all processes."""
    if not several():
        return numbers
    tensor = torch.tensor(numbers, dtype=torch.float64)
    dist.all_reduce(tensor)
    return tuple(tensor.tolist())


def agreed(value: bool) -> bool:
    """What the first process says."""
    return bool(_broadcast(value) if several() else value)


def merged(found: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """All processes' entries, on the device of one's own."""
    if not several():
        return dict(found)
    device = torch.device("cuda", local_rank()) if torch.cuda.is_available() else torch.device("cpu")
    device = next((value.device for value in found.values()), device)
    parts: list[Any] = [None] * size()
    dist.all_gather_object(parts, {name: value.cpu() for name, value in found.items()})
    return {name: value.to(device) for part in parts for name, value in part.items()}


@torch.no_grad()  # type: ignore[untyped-decorator]
def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Each gradient becomes the sum over all processes; one that no process has stays away."""
    if not several():
        return
    parameters = list(parameters)
    there = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.int32)
    dist.all_reduce(there)
    bucket: list[torch.Tensor] = []
    for parameter, count in zip(parameters, there.tolist(), strict=True):
        if not count:
            continue
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        if bucket and (sum(map(torch.numel, bucket)) > BUCKET or bucket[0].dtype != parameter.grad.dtype):
            _sum(bucket)
            bucket = []
        bucket.append(parameter.grad)
    _sum(bucket)


def _sum(bucket: Sequence[torch.Tensor]) -> None:
    if not bucket:
        return
    flat = torch.cat([gradient.flatten() for gradient in bucket])
    dist.all_reduce(flat)
    for gradient, summed in zip(bucket, flat.split([gradient.numel() for gradient in bucket]), strict=True):
        gradient.copy_(summed.view_as(gradient))


def _broadcast(value: Any) -> Any:
    box = [value]
    dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    return box[0]


def _dismiss() -> None:
    if _parted:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
    if dist.is_initialized():
        _broadcast(None)
        dist.destroy_process_group()


def _silent(done: int, total: int, metrics: Mapping[str, float]) -> None:
    """Progress is told by the first process."""
