"""The rollouts behind a report, as its page carries them: columns of numbers over one list of texts, compressed.

A text that occurs twice (a prompt, a greedy completion, the name of a verifier) is there once, and rows are numbers, so
that ten thousand rollouts fit into a few megabytes and a search looks at each text once. Where the page would be too
large all the same, long texts are cut in the middle, the longest first, and each says how much is gone. What is in the
tables is `suite.browse`'s business; how they are shown is that of the scripts in `web/`.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pidistill.records import JSON

MOST_BYTES = 12_000_000
"""Of the page that all of this may take."""
CAPS = (40_000, 24_000, 16_000, 12_000, 8_000, 6_000, 4_000, 3_000, 2_000, 1_500, 1_000, 700, 400, 250, 150, 40)
"""Characters that are left of a text, tried in turn until the page is small enough."""
FORMAT = 1


@dataclass(frozen=True)
class Shown:
    """A cell whose rollouts are there."""

    name: str
    recipe: str
    domain: str
    model: str
    seed: int

    @property
    def arm(self) -> tuple[str, str, str]:
        """What a report tells arms apart by."""
        return self.recipe, self.domain, self.model


@dataclass(frozen=True)
class Browser:
    """What the page's browser shows."""

    cells: tuple[Shown, ...]
    texts: tuple[str, ...]
    """Everything that is text; the tables hold places in it."""
    tables: Mapping[str, JSON]
    """Table -> column -> values, one a row."""
    note: str = ""
    """What of the rollouts is not there, and why."""

    def encode(self, labels: Mapping[tuple[str, str, str], str], most_bytes: int = MOST_BYTES) -> str:
        """The data for the page, in base64: the gzip of its JSON. `labels`: what the report calls its arms.

        The same rollouts give the same text.
        """
        arms = list(dict.fromkeys(cell.arm for cell in self.cells))
        data: dict[str, JSON] = {
            "format": FORMAT,
            "arms": [labels.get(arm, arm[0]) for arm in arms],
            "cells": [[cell.name, arms.index(cell.arm), cell.seed] for cell in self.cells],
            "note": self.note,
            **self.tables,
        }
        packed = whole = _pack({**data, "cap": 0, "texts": list(self.texts)})
        lengths = [len(text) for text in self.texts]
        for cap in CAPS:
            if len(packed) <= most_bytes:
                break
            left = sum(min(length, cap) for length in lengths) / max(1, sum(lengths))
            if cap == CAPS[-1] or len(whole) * left <= 1.2 * most_bytes:  # else it is in vain, and takes seconds
                packed = _pack({**data, "cap": cap, "texts": [cut(text, cap) for text in self.texts]})
        return packed


def cut(text: str, cap: int) -> str:
    """`text` with its middle left out, if it is longer than `cap` characters; both ends stay, and how much is gone."""
    gone = len(text) - cap
    if gone <= 0:
        return text
    head = cap * 2 // 3
    return f"{text[:head]}\n[... {gone} characters are left out of this page ...]\n{text[head + gone :]}"


class Texts:
    """Texts by place, each once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._texts: list[str] = []

    def place(self, text: str) -> int:
        """Where `text` stands from now on."""
        place = self._places.setdefault(text, len(self._texts))
        if place == len(self._texts):
            self._texts.append(text)
        return place

    def at(self, place: int) -> str:
        """The text at a place."""
        return self._texts[place]

    def all(self) -> tuple[str, ...]:
        return tuple(self._texts)


class Columns:
    """A table that grows row by row and is kept column by column, which compresses better."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns: dict[str, list[JSON]] = {name: [] for name in names}
        self.rows = 0

    def add(self, row: Mapping[str, JSON]) -> int:
        """Append a row; returns its number."""
        assert row.keys() == self.columns.keys(), row.keys() ^ self.columns.keys()
        for name, value in row.items():
            self.columns[name].append(value)
        self.rows += 1
        return self.rows - 1

    def to_json(self) -> JSON:
        return {name: list(values) for name, values in self.columns.items()}


def _pack(data: Mapping[str, JSON]) -> str:
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), 6, mtime=0)).decode("ascii")
