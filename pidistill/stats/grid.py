"""Arms as paired grids: the same problems, in the same order, in every seed.

Every difference that is reported is taken within a problem, so before anything is computed this module checks that the
cells of a comparison were measured on the same problems, and refuses to go on when they were not. Problems that could
not be judged somewhere are left out of the arm's grid in all its seeds, and counted. What they could have said stays
known: `Bounds` are the differences if every sample outside the denominator had come out against the arm, and in its
favour, so that no finding rests on what nobody judged.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pidistill.errors import DataError
from pidistill.records import Status
from pidistill.stats.data import CellScores, ProblemScore

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Arm:
    """All cells of one recipe, domain and model, sorted by seed."""

    label: str
    """The recipe's name, followed by domain and model where the comparison has more than one of them."""
    cells: tuple[CellScores, ...]

    @property
    def recipe(self) -> str:
        return self.cells[0].recipe

    @property
    def group(self) -> tuple[str, str]:
        """Domain and model: arms are compared with each other within a group only."""
        return self.cells[0].domain, self.cells[0].model

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(cell.seed for cell in self.cells)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Differences over all problems under the two extreme outcomes of what nobody judged."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    least: Floats
    """Had each sample outside the denominator failed after and passed before, shape [seeds, problems]."""
    most: Floats
    """The same the other way round."""
    of_base: Floats
    """The part of `most - least` that is the base's own."""

    def part(self, rows: Sequence[int], ids: Sequence[str]) -> Bounds:
        """The same of some seeds, by index, and problems."""
        places = {name: place for place, name in enumerate(self.ids)}
        columns = [places[name] for name in ids]
        least, most, of_base = (grid[rows][:, columns] for grid in (self.least, self.most, self.of_base))
        return Bounds(tuple(ids), tuple(self.clusters[i] for i in columns), least, most, of_base)


@dataclass(frozen=True, eq=False)
class Grid:
    """Scores of one arm, seeds down and problems across, without gaps."""

    seeds: tuple[int, ...]
    ids: tuple[str, ...]
    levels: tuple[int | None, ...]
    base: Floats
    """Scores before training, shape [seeds, problems]."""
    after: Floats
    """The same after training."""
    left_out: int
    """Problems dropped because some seed could not judge them, before or after."""
    clusters: tuple[str, ...] = ()
    """Each problem's cluster; its own id where it has none."""
    bounds: Bounds | None = None
    """What was not judged, and could have been; None where everything was, and in a part of a grid."""

    @property
    def delta(self) -> Floats:
        """After minus base, shape [seeds, problems]."""
        return self.after - self.base

    def columns(self, keep_I: Sequence[bool] | npt.NDArray[np.bool_]) -> Grid:
        """The grid of the problems marked in `keep_I`; what could not be judged is not taken along."""
        index = np.flatnonzero(np.asarray(keep_I, dtype=bool))
        return Grid(
            self.seeds,
            tuple(self.ids[i] for i in index),
            tuple(self.levels[i] for i in index),
            self.base[:, index],
            self.after[:, index],
            self.left_out,
            tuple(self.clusters[i] for i in index),
        )

    def rows(self, seeds: Sequence[int]) -> Grid:
        """The grid of `seeds`, in that order."""
        index = [self.seeds.index(seed) for seed in seeds]
        bounds = None if self.bounds is None else self.bounds.part(index, self.bounds.ids)
        return dataclasses.replace(
            self, seeds=tuple(seeds), base=self.base[index], after=self.after[index], bounds=bounds
        )


def group_arms(cells: Sequence[CellScores]) -> tuple[Arm, ...]:
    """The arms of a comparison, in the order in which they first occur.

    Raises `DataError` when there is no cell, when a seed occurs twice in an arm, or when two cells of one domain and
    model were evaluated on different problems or in a different order.
    """
    if not cells:
        raise DataError("There is no finished cell to report on.", "Run one: pidistill run retry")
    by_arm: dict[tuple[str, str, str], list[CellScores]] = defaultdict(list)
    first: dict[tuple[str, str], CellScores] = {}
    for cell in cells:
        by_arm[cell.recipe, cell.domain, cell.model].append(cell)
        _check_pairing(first.setdefault((cell.domain, cell.model), cell), cell)
    domains, models = {key[1] for key in by_arm}, {key[2] for key in by_arm}
    arms = []
    for (recipe, domain, model), members in by_arm.items():
        members.sort(key=lambda cell: cell.seed)
        for left, right in itertools.pairwise(members):
            if left.seed == right.seed:
                raise DataError(
                    f"{left.name} is given twice: a repeated seed is not a replication.",
                    "Give each cell once, and other seeds with --set seeds=[0,1,2].",
                )
        extra = [domain] * (len(domains) > 1) + [model] * (len(models) > 1)
        arms.append(Arm(" / ".join([recipe, *extra]), tuple(members)))
    return tuple(arms)


def grid_of(arm: Arm) -> Grid:
    """The arm's scores on the problems that were judged in all its seeds. Raises `DataError` when none was."""
    problems_SI = [cell.problems for cell in arm.cells]
    keep = [
        all(row[i].base.score is not None and row[i].after.score is not None for row in problems_SI)
        for i in range(len(problems_SI[0]))
    ]
    if not any(keep):
        raise DataError(
            f"Arm {arm.label!r}: no evaluation problem was judged in all of its {len(arm.cells)} seeds.",
            "See why the verifier fails: pidistill doctor",
        )
    kept_SI = [[p for p, wanted in zip(row, keep, strict=True) if wanted] for row in problems_SI]
    clusters = [p.cluster or p.id for p in problems_SI[0]]
    return Grid(
        arm.seeds,
        tuple(p.id for p in kept_SI[0]),
        tuple(p.level for p in kept_SI[0]),
        np.array([[p.base.score for p in row] for row in kept_SI], dtype=np.float64),
        np.array([[p.after.score for p in row] for row in kept_SI], dtype=np.float64),
        keep.count(False),
        tuple(name for name, wanted in zip(clusters, keep, strict=True) if wanted),
        _bounds(problems_SI, clusters),
    )


def _bounds(problems_SI: Sequence[Sequence[ProblemScore]], clusters: Sequence[str]) -> Bounds:
    """The bounds over all problems but those whose reference nobody can be judged by."""
    columns = [i for i in range(len(problems_SI[0])) if not all(_abstained(row[i]) for row in problems_SI)]
    before, after = (
        np.array([[getattr(row[i], side).bounds for i in columns] for row in problems_SI], dtype=np.float64)
        for side in ("base", "after")
    )
    low, high = (after[:, :, end] - before[:, :, 1 - end] for end in (0, 1))
    ids = tuple(problems_SI[0][i].id for i in columns)
    return Bounds(ids, tuple(clusters[i] for i in columns), low, high, before[:, :, 1] - before[:, :, 0])


def _abstained(problem: ProblemScore) -> bool:
    """Whether its reference cannot be judged: the same on both sides, and so no side's loss."""
    return all(side.statuses.get(Status.ABSTAIN.value, 0) == side.samples for side in (problem.base, problem.after))


def _check_pairing(first: CellScores, cell: CellScores) -> None:
    hint = "Evaluate all arms on the same data: same [data.evaluate] table, same data revision."
    if len(first.problems) != len(cell.problems):
        raise DataError(
            f"{cell.name} has {len(cell.problems)} evaluation problems, {first.name} has {len(first.problems)}: "
            "they cannot be paired.",
            hint,
        )
    for place, (one, other) in enumerate(zip(first.problems, cell.problems, strict=True)):
        if (one.id, one.level) != (other.id, other.level):
            raise DataError(
                f"{cell.name}: evaluation problem {place} is {other.id!r} (level {other.level}), but {one.id!r} "
                f"(level {one.level}) in {first.name}: they cannot be paired.",
                hint,
            )
