"""What the store costs: writing, opening and reading logs, with checksums and without, and claims.

    python benchmarks/perf/store.py [--records 200000] [--tokens 200] [--folder DIR]

Rollouts of `--tokens` tokens with log-probabilities, and verdicts, are put a hundred at a time, the log is opened anew,
and 2,000 of them are read back at random places. `without checksums` is the same opening with the checksum taken for
right, which is what the checks themselves cost. Times are of this process on a processor; a busy machine changes them
little, a cold disk much. Claims are taken and let go all at once, as an arrow does.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from pidistill.records import Message, Record, Rollout, Sampling, Status, Verdict, content_hash
from pidistill.store import entries
from pidistill.store.claims import Claims
from pidistill.store.log import Log


def rollout(tokens: int) -> Rollout:
    """A rollout of the size that real ones have."""
    rng = random.Random(0)
    return Rollout(
        "0" * 32, "problem", (Message("user", "x" * 300),), "y" * 4 * tokens,
        tuple(rng.randrange(150_000) for _ in range(tokens)), tuple(-rng.random() for _ in range(tokens)), 80,
        Sampling(), "revision", "engine",
    )  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Processor time of `work`."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(folder: Path, record: Record, count: int) -> None:
    """Print a line for one type of record."""
    kind, keys = type(record), [content_hash(number) for number in range(count)]

    def put() -> None:
        log = Log(folder, kind)
        for start in range(0, count, 100):
            log.put([(key, record) for key in keys[start : start + 100]], "cell")
        log.close()

    def read() -> None:
        for key in random.Random(1).sample(keys, min(2_000, count)):
            assert log.get(key) == record

    write_s = seconds(put)
    size = sum(path.stat().st_size for path in folder.iterdir())
    open_s = seconds(lambda: Log(folder, kind))
    with mock.patch.object(entries, "unseal", lambda line: line):
        bare_s = seconds(lambda: Log(folder, kind))
    log = Log(folder, kind)
    read_s = seconds(read) / min(2_000, count)
    print(
        f"{kind.__name__:8} {size / 1e6:6.0f} MB: put {write_s / count * 1e6:5.1f} us, open {open_s:5.2f} s (without "
        f"checksums {bare_s:5.2f} s), read {read_s * 1e6:5.1f} us"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--tokens", type=int, default=200, help="tokens of a rollout")
    parser.add_argument("--folder", type=Path, help="where to write; by default the folder for temporary files")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(dir=options.folder, prefix="pidistill-store-"))
    try:
        print(f"{options.records:,} records")
        measure(root / "verdicts", Verdict(Status.FAIL, answer="17", reason="x" * 60, verifier="v@1"), options.records)
        measure(root / "rollouts", rollout(options.tokens), options.records)
        claims, keys = Claims(root / "claims"), [content_hash(number) for number in range(20_000)]
        take_s, release_s = seconds(lambda: claims.take(keys)), seconds(claims.release)
        print(f"{len(keys):,} claims: take {take_s:.2f} s, release {release_s:.2f} s")
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
