"""What this machine has, for `pidistill doctor`: cores, memory, disk, GPUs. None of it imports torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NVIDIA_TIMEOUT_S = 20


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_bytes() -> int | None:
    """Memory of the machine; None where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def free_disk_bytes(folder: Path) -> int:
    """Free bytes where `folder` lies."""
    return shutil.disk_usage(folder).free


def gpus() -> tuple[list[str], str]:
    """Names of the NVIDIA GPUs, as the driver gives them, and what went wrong if asking failed."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return [], ""
    try:
        done = subprocess.run(
            [program, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=NVIDIA_TIMEOUT_S,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        return [], f"nvidia-smi failed: {error}"
    if done.returncode != 0:
        return [], f"nvidia-smi failed: {(done.stderr or done.stdout).strip().splitlines()[:1]}"
    return [line.strip() for line in done.stdout.splitlines() if line.strip()], ""


def gib(size: int | None) -> str:
    """Bytes in GiB, for a person."""
    return "unknown" if size is None else f"{size / 2**30:.0f} GiB"
