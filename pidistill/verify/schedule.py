"""What one call of `VerifierPool.verify` still has to do: the queue, the size of batches, and the verdicts to hand out.

Items are grouped by problem, so that a problem travels once per batch, and equal submissions are judged once. Batches
aim at a fixed time of work: large enough that the round trip does not show, small enough that the last ones end
together. Pure bookkeeping: no processes, no clocks.
"""

from __future__ import annotations

import itertools
import pickle
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from pidistill.records import Problem, Status, Verdict

_BATCH_S = 0.05
"""Work per batch, in seconds, that is aimed at."""
_LARGEST_BATCH = 512
_FIRST_BATCH = 8
_BATCH_CHARACTERS = 1 << 20
"""A batch takes no further completion once it holds this many characters."""
_SMOOTHING = 0.02

Group: TypeAlias = tuple[bytes, list[int]]
"""A pickled problem, and the indices of items that ask for verdicts on it."""


class Plan:
    """The submissions of one call. An item is named by its index; of equal ones, the first stands for all."""

    def __init__(self, items: Sequence[tuple[Problem, str]], workers: int) -> None:
        self.items = items
        self.verdicts: deque[tuple[int, Verdict]] = deque()
        """Finished and not yet handed out."""
        self.alone: set[int] = set()
        """Items that must be judged in a batch of one."""
        self.fresh: deque[int] = deque()
        """Items that must be the first that their worker judges; they are in no other queue."""
        self._workers = workers
        self._seconds: float | None = None
        self._pickled: tuple[str, bytes] = ("", b"")
        self._copies: dict[int, list[int]] = {}
        self._queue: deque[int] = deque()
        self._open = 0
        self._line_up()

    def _line_up(self) -> None:
        first: dict[tuple[str, str], int] = {}
        by_problem: dict[str, list[int]] = {}
        for index, (problem, completion) in enumerate(self.items):
            try:
                problem_hash = problem.hash
            except (TypeError, ValueError, RecursionError) as error:
                self.verdicts.append((index, _unusable(problem, f"holds something that is not JSON: {error}")))
                continue
            original = first.setdefault((problem_hash, completion), index)
            if original == index:
                by_problem.setdefault(problem_hash, []).append(index)
            else:
                self._copies.setdefault(original, []).append(index)
        self._queue.extend(itertools.chain.from_iterable(by_problem.values()))
        self._open = len(self._queue)

    # --- Out --------------------------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        return not self._open and not self.verdicts

    @property
    def waiting(self) -> int:
        """Items in a queue."""
        return len(self._queue) + len(self.fresh)

    @property
    def depth(self) -> int:
        """Batches that a worker may hold: a second one bridges the round trip, where a batch is short."""
        return 2 if self._seconds is not None and self._seconds < _BATCH_S else 1

    def take(self, fresh: bool, most: int) -> list[Group]:
        """The next batch of at most `most` items, empty where there is none for a worker that is `fresh` or not."""
        if fresh and self.fresh:
            return self._group([self.fresh.popleft()])
        if not self._queue:
            return []
        if self._queue[0] in self.alone:
            return self._group([self._queue.popleft()])
        size = max(1, min(self._batch_size(), most))
        taken: list[int] = []
        characters = 0
        while self._queue and len(taken) < size and characters < _BATCH_CHARACTERS and self._queue[0] not in self.alone:
            index = self._queue.popleft()
            taken.append(index)
            characters += len(self.items[index][1])
        return self._group(taken)

    def _batch_size(self) -> int:
        fair = -(-len(self._queue) // (2 * self._workers))
        if self._seconds is None:
            return min(_FIRST_BATCH, fair)
        return min(_LARGEST_BATCH, fair, int(_BATCH_S / max(self._seconds, 1e-9)))

    def _group(self, taken: list[int]) -> list[Group]:
        groups: list[Group] = []
        for problem_hash, indices in itertools.groupby(taken, key=lambda index: self.items[index][0].hash):
            members = list(indices)
            problem = self.items[members[0]][0]
            if self._pickled[0] != problem_hash:
                try:
                    self._pickled = (problem_hash, pickle.dumps(problem, protocol=5))
                except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
                    for index in members:
                        self.finish(index, _unusable(problem, f"cannot be sent to a worker: {error}"))
                    continue
            groups.append((self._pickled[1], members))
        return groups

    # --- Back -------------------------------------------------------------------------------------------------------

    def note_seconds(self, seconds: float) -> None:
        """One more submission took `seconds`; batch sizes follow a running mean."""
        old = self._seconds
        self._seconds = seconds if old is None else old + _SMOOTHING * (seconds - old)

    def put_back(self, indices: Iterable[int], alone: bool = False, fresh: bool = False) -> None:
        """These have no verdict yet and come first."""
        indices = list(indices)
        if alone:
            self.alone.update(indices)
        if fresh:
            self.fresh.extend(indices)
        else:
            self._queue.extendleft(reversed(indices))

    def finish(self, index: int, verdict: Verdict) -> None:
        """The verdict of an item and of all that equal it."""
        self._open -= 1
        self.verdicts.append((index, verdict))
        self.verdicts.extend((copy, verdict) for copy in self._copies.get(index, ()))


def _unusable(problem: Problem, why: str) -> Verdict:
    return Verdict(Status.ERROR, reason=f"problem {problem.id!r} {why}")
