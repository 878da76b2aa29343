"""What a cell used, arrow by arrow: the record that the ledger is derived from, and that leads from a number of a
report down to the rollouts, verdicts, PI and examples behind it.

They lie in `cells/<cell>/uses.jsonl`, a checksummed line each. Said again with other keys, the latest counts. A line
also says at which place of its pass through the cell it was said: a resumed pass says the same things at the same
places, so the order is that of an undisturbed run, whatever was lost and said again.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from pidistill.errors import RecordError
from pidistill.records import Record, canonical_json
from pidistill.store.lines import Damage, pieces, seal, unseal, why

RecordKind: TypeAlias = Literal["problem", "rollout", "verdict", "pi", "example", "checkpoint"]
Slot: TypeAlias = tuple[str, int, str, str]


@dataclass(frozen=True)
class Use(Record):
    """What one arrow of one turn of one stage used."""

    stage: str
    turn: int
    arrow: str
    """Such as 'first attempts', 'retry 1', 'evaluate', 'hint', 'train', 'verify'."""
    kind: Literal["problem", "rollout", "verdict", "pi", "example", "checkpoint"]
    """What the keys are keys of."""
    keys: tuple[str, ...]

    @property
    def slot(self) -> Slot:
        """What a later use replaces an earlier one by."""
        return self.stage, self.turn, self.arrow, self.kind


@dataclass(frozen=True)
class _Said(Record):
    place: int
    use: Use


class Uses:
    """The uses of one cell, as its file has them."""

    def __init__(self, path: Path) -> None:
        """Read `path`, which may be missing."""
        self.path = path
        self.damage: list[Damage] = []
        self.whole: list[bytes] = []
        """The lines that are what was written."""
        self.torn = False
        """Whether the last line has no end."""
        self._said: dict[Slot, _Said] = {}
        text = path.read_bytes() if path.exists() else b""
        offset = 0
        for stretch in io.BytesIO(text):  # `splitlines` would take more than the newline for an end
            for start, line in pieces(stretch):
                self._take_in(line, offset + start)
            offset += len(stretch)
        self.torn = bool(text) and not text.endswith(b"\n")

    def __contains__(self, use: Use) -> bool:
        said = self._said.get(use.slot)
        return said is not None and said.use == use

    def in_order(self) -> list[Use]:
        """The latest use of each slot, in the order in which a pass through the cell says them."""
        return [said.use for said in sorted(self._said.values(), key=lambda said: said.place)]

    def __len__(self) -> int:
        return len(self._said)

    def add(self, use: Use, place: int) -> bytes:
        """Take in a use; returns the line to be appended to the file."""
        said = self._said[use.slot] = _Said(place, use)
        return seal(canonical_json(said.to_json())[1:].encode("ascii"))

    def _take_in(self, line: bytes, offset: int) -> None:
        if unseal(line) is None:
            self.damage.append(Damage(self.path, offset, why(line), len(line)))
            return
        try:
            data = json.loads(line)
            del data["sum"]
            said = _Said.from_json(data)
        except (ValueError, KeyError, TypeError, RecursionError, RecordError) as error:
            self.damage.append(Damage(self.path, offset, f"does not fit: {error}", len(line)))
            return
        self.whole.append(line)
        self._said[said.use.slot] = said
