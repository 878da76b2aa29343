"""Seeds as people write them: `0,1,2` or `0-4`. For the command line and for suite files alike."""

from __future__ import annotations

import re

MOST_SEEDS = 10_000
"""In one range; more is a slip of the keyboard."""


def parse_seeds(text: str) -> tuple[int, ...]:
    """`0,1,2` or `0-4` as distinct seeds. Raises `ValueError` with a sentence for a person."""
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part.strip(), re.ASCII)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise ValueError(f"{text!r} is no list of seeds; give 0,1,2 or 0-2.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first >= MOST_SEEDS:
            raise ValueError(f"{text!r} is too many seeds; give at most {MOST_SEEDS}.")
        seeds += range(first, last + 1)
    if len(set(seeds)) != len(seeds):
        raise ValueError(f"{text!r} names a seed twice.")
    return tuple(seeds)
