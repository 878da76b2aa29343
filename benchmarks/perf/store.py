"""What the store costs: writing, opening and reading logs, with checksums and without, claims, and a store at size.

    python benchmarks/perf/store.py [--records 200000] [--tokens 200] [--folder DIR]
    python benchmarks/perf/store.py --size 1000000 [--tokens 50] [--folder DIR] [--keep]

Rollouts of `--tokens` tokens with log-probabilities, and verdicts, are put a hundred at a time, the log is opened anew,
and 2,000 of them are read back at random places. `reading all of it` is the same without the catalogue that stands
beside a log, and `without checksums` that with the checksum taken for right: what the checks themselves cost. Times are
of this process on a processor; a busy machine changes them little, a cold disk much. Claims are taken and let go all at
once, as an arrow does.

With `--size` a store of so many rollouts and verdicts is made, as 200 cells of twenty arms leave it, and looked at by a
process of its own, as `suite run` does for its report: opening it, then all that a report asks of a store (summaries
with what they stand on, what was chosen afterwards, the rollouts of the page, learning curves, what was left out). The
report's statistics and its picture are not counted. Seconds are by the wall clock, and on a processor; memory is the
most that the process had.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from pidistill.config import as_json
from pidistill.recipes import run_config
from pidistill.records import Message, Problem, Record, Rollout, Sampling, Status, Verdict, canonical_json, content_hash
from pidistill.stats.data import CellScores, ProblemScore, Side
from pidistill.store import entries
from pidistill.store.claims import Claims
from pidistill.store.lines import seal
from pidistill.store.log import Log
from pidistill.store.store import Store
from pidistill.store.uses import Use
from pidistill.verify.key import verdict_key

CELLS, HELD_OUT, SAMPLES = 200, 400, 4
VERIFIER = "toy@1"


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
    whole_s = seconds(lambda: Log(folder, kind, whole=True))
    with mock.patch.object(entries, "unseal", lambda line: line):
        bare_s = seconds(lambda: Log(folder, kind, whole=True))
    log = Log(folder, kind)
    read_s = seconds(read) / min(2_000, count)
    print(
        f"{kind.__name__:8} {size / 1e6:6.0f} MB: put {write_s / count * 1e6:5.1f} us, open {open_s:5.2f} s (reading "
        f"all of it {whole_s:5.2f} s, without checksums {bare_s:5.2f} s), read {read_s * 1e6:5.1f} us"
    )


def make(root: Path, count: int, tokens: int) -> None:
    """A store of `count` rollouts, each with its verdict; a segment a cell, as processes of their own leave them."""
    held_out = [Problem(f"test-{n}", "math", f"What is {n}?", str(n), None, 1 + n % 5) for n in range(HELD_OUT)]
    training = [Problem(f"train-{n}", "math", f"What is {n}?!", str(n)) for n in range(HELD_OUT)]
    rng = random.Random(0)

    def side() -> Side:
        passed = rng.randint(0, SAMPLES)
        counts = {name: n for name, n in (("PASS", passed), ("FAIL", SAMPLES - passed)) if n}
        return Side(passed / SAMPLES, counts, tokens + rng.randint(-2 * SAMPLES, 20 * SAMPLES) / SAMPLES, 0.0)

    before = {p.id: side() for p in held_out}
    with Store(root) as store:
        store.problems.put([(p.hash, p) for p in (*held_out, *training)], "cell")
        for kind in ("rollouts", "verdicts"):
            (root / kind).mkdir()
        lines = Lines(root, rng, tokens)
        base = lines.attempts("base", [problem for problem in held_out for _ in range(SAMPLES)])
        for cell in range(CELLS):
            arm, seed = divmod(cell, CELLS // 20)
            config = run_config("retry", "math", sets=[f"train.lr={arm + 1}e-5"])
            name = config.cell_id(seed)
            after = lines.attempts(f"{name} after", [problem for problem in held_out for _ in range(SAMPLES)])
            left = count // CELLS - HELD_OUT * SAMPLES
            first = lines.attempts(f"{name} first", [training[n % HELD_OUT] for n in range(left)])
            with store.cell(name, {"config": as_json(config, without=("seeds", "store")), "seed": seed}):
                store.write_provenance(name, {"verifier": VERIFIER, "model": "tiny"})
                store.note_use(name, Use("", 0, "problems, held out", "problem", tuple(p.hash for p in held_out)))
                for stage, turn, arrow, (keys, judged) in (
                    ("", 0, "evaluate before", base), ("train", 1, "first attempts", first),
                    ("train", 0, "evaluate after", after),
                ):  # fmt: skip
                    store.note_use(name, Use(stage, turn, arrow, "rollout", keys))
                    store.note_use(name, Use(stage, turn, arrow, "verdict", judged))
                scores = CellScores(f"retry [{arm}]", "math", "tiny", seed, tuple(
                    ProblemScore(p.id, p.level, before[p.id], side()) for p in held_out
                ))  # fmt: skip
                summary: dict[str, Any] = {"scores": scores.to_json(), "provenance": {"verifier": VERIFIER}, "cell": {}}
                store.write_summary(name, summary)


class Lines:
    """Writes rollouts and verdicts of one pattern, quicker than the records themselves are encoded."""

    def __init__(self, root: Path, rng: random.Random, tokens: int) -> None:
        self.root, self.rng, self.tokens, self.segments = root, rng, tokens, 0
        model = replace(rollout(tokens), id="<id>", problem_id="<problem>", problem_hash="<hash>", completion="<text>")
        said = Verdict(Status.FAIL, answer="17", reason="x" * 40, verifier=VERIFIER)
        self.rollout, self.verdict = canonical_json(model.to_json()), canonical_json(said.to_json())
        self.words = ["".join(rng.choices("abcdefghij", k=6)) for _ in range(1_000)]

    def attempts(self, name: str, problems: list[Problem]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """An attempt at each problem, judged; the keys of both."""
        made, judged = dict[str, str](), dict[str, str]()
        for number, problem in enumerate(problems):
            key, text = content_hash(name, number), " ".join(self.rng.choices(self.words, k=max(3, self.tokens // 2)))
            fields = (("<id>", key), ("<problem>", problem.id), ("<hash>", problem.hash), ("<text>", text))
            record = self.rollout
            for mark, value in fields:
                record = record.replace(mark, value, 1)
            made[key], judged[verdict_key(problem, text, VERIFIER)] = record, self.verdict
        self.segments += 1
        for kind, records in (("rollouts", made), ("verdicts", judged)):
            text = f'","at":"2026-11-26T00:00:00.000000+00:00","cell":"{name}","record":'
            with (self.root / kind / f"20261126T{self.segments:012}-00000000.jsonl").open("wb") as file:
                file.writelines(
                    seal(f'"key":"{key}{text}{record}}}'.encode("ascii")) for key, record in records.items()
                )
        return tuple(made), tuple(judged)


def look(root: Path) -> dict[str, object]:
    """Open the store and ask it what a report asks. In a process that has done nothing else."""
    from pidistill.report.model import ReportMeta
    from pidistill.suite.chosen import chosen_afterwards
    from pidistill.suite.evidence import with_evidence

    start, busy = time.perf_counter(), time.process_time()
    with Store(root, read_only=True) as store:
        opened, opened_cpu, memory = time.perf_counter() - start, time.process_time() - busy, _most_mib()
        busy = time.process_time()
        counts = len(store.rollouts), len(store.verdicts)
        parts, start = dict[str, float](), time.perf_counter()

        def lap(name: str) -> None:
            nonlocal start
            parts[name], start = round(time.perf_counter() - start, 2), time.perf_counter()

        summaries = {name: found for name in store.cells.names() if (found := store.summary(name)) is not None}
        lap("summaries")
        chosen = chosen_afterwards(store, list(summaries)[: CELLS // 2])
        lap("chosen afterwards")
        cells = [(name, CellScores.from_json(found["scores"])) for name, found in summaries.items()]
        lap("scores")
        meta = with_evidence(ReportMeta(""), store, cells, list(summaries.values()), page=True)
        lap("rollouts of the page and the rest")
        assert meta.browser is not None and chosen and len(cells) == CELLS
        size = len(meta.browser.encode({}))
        lap("packing the page")
        queried = time.process_time() - busy
    return {
        "rollouts": counts[0], "verdicts": counts[1], "open_s": round(opened, 2),
        "open_processor_s": round(opened_cpu, 2), "open_mib": memory, "queries_s": round(sum(parts.values()), 2),
        "queries_processor_s": round(queried, 2), "queries_mib": _most_mib(), "queries": parts,
        "page_mb": round(size / 1e6, 1),
    }  # fmt: skip


def _most_mib() -> int:
    """The most memory that this program had; `getrusage` counts that of the one which started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def size(root: Path, count: int, tokens: int) -> dict[str, object]:
    """Make a store of this size in `root`, unless it is there, and look at it in a process of its own."""
    if not root.exists():
        make(root, count, tokens)
        with Store(root):  # the first to read all of it leaves the catalogues for those that come after it
            pass
    found: dict[str, object] = {}
    for how in ("", "whole"):  # as it is opened, and as it would be if nothing stood beside its segments
        done = subprocess.run(
            [sys.executable, __file__, "--look", str(root), *(["--whole"] if how else [])],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found |= json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--tokens", type=int, help="tokens of a rollout; 200, or 50 with --size")
    parser.add_argument("--folder", type=Path, help="where to write; by default the folder for temporary files")
    parser.add_argument("--size", type=int, help="make a store of so many rollouts and verdicts, and ask it things")
    parser.add_argument(
        "--keep", action="store_true", help="leave the store of --size in --folder, and take it from there"
    )
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--whole", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.look and options.whole:
        start = time.process_time()
        Store(options.look, read_only=True, whole=True)
        print(json.dumps({"reading_all_processor_s": round(time.process_time() - start, 2),
                          "reading_all_mib": _most_mib()}))  # fmt: skip
        return
    if options.look:
        print(json.dumps(look(options.look)))
        return
    root = Path(tempfile.mkdtemp(dir=options.folder, prefix="pidistill-store-"))
    try:
        if options.size:
            store = (options.folder or root) / f"store-of-{options.size}" if options.keep else root / "store"
            print(json.dumps(size(store, options.size, options.tokens or 50), indent=1))
            return
        tokens = options.tokens or 200
        print(f"{options.records:,} records")
        measure(root / "verdicts", Verdict(Status.FAIL, answer="17", reason="x" * 60, verifier="v@1"), options.records)
        measure(root / "rollouts", rollout(tokens), options.records)
        claims, keys = Claims(root / "claims"), [content_hash(number) for number in range(20_000)]
        take_s, release_s = seconds(lambda: claims.take(keys)), seconds(claims.release)
        print(f"{len(keys):,} claims: take {take_s:.2f} s, release {release_s:.2f} s")
        print(f"most memory: {_most_mib()} MiB")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
