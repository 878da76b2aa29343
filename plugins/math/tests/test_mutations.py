"""Five thousand mutated pairs: no exception, nothing beyond its budget, and memory that stays where it was."""

from __future__ import annotations

import random
import time
import tracemalloc

from pidistill_math.cases import rows
from pidistill_math.comparing.judge import judge
from pidistill_math.extraction.extract import extract

PAIRS = 5_000
BUDGET_S = 12.0
"""Three steps of computer algebra of at most three seconds each, and what our own reading may take."""
FRAGMENTS = [
    "\\frac", "{", "}", "(", ")", "[", "]", "^", "_", "\\sqrt", "\\text{", "|", "=", "<", "\\le", ",", ";",
    "\\cdot", "!", "\\pi", "\\sum_{k=1}^{n}", "\\int", "\\begin{pmatrix}", "\\end{pmatrix}", "&", "\\\\", "\\pm",
    "\\%", "^\\circ", "\\in", "\\mathbb{Z}", "\\cup", "\\{", "\\}", "0", "9", "999999", "x", "e", "i", "\\infty",
    "\\ln", "\\sin", "...", "\\ldots", "$", "\\pmod", "\\mid", "\\overline", "\\binom", "10^{", "9^{9^",
    "\\text{or}", "\\neq", "'", "-", "+", ":", "\\boxed{", "\\left", "\\right", "\\displaystyle"
]  # fmt: skip


def mutated(text: str, others: list[str], rng: random.Random) -> str:
    """`text` after one to four deletions, insertions, splices and repeats."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        match rng.randrange(4):
            case 0:
                text = text[:at] + text[at + rng.randint(1, 3) :]
            case 1:
                text = text[:at] + rng.choice(FRAGMENTS) + text[at:]
            case 2:
                other = rng.choice(others)
                start = rng.randint(0, len(other))
                text = text[:at] + other[start : start + rng.randint(1, 12)] + text[at:]
            case 3:
                text = text[:at] + text[max(0, at - 8) : at] + text[at:]
    return text


def test_mutated_pairs_are_ruled_within_budget_and_memory_stays_flat() -> None:
    rng = random.Random(20)
    texts = [row.reference for row in rows()] + [extract(row.completion).answer or "" for row in rows()]
    texts = [text for text in texts if text.strip() and len(text) < 400]
    slowest = 0.0
    tracemalloc.start()
    sizes = []
    for index in range(PAIRS):
        reference = rng.choice(texts)
        answer = mutated(rng.choice((reference, rng.choice(texts))), texts, rng)
        if rng.random() < 0.3:
            reference = mutated(reference, texts, rng)
        started = time.process_time()
        judge(reference, answer)
        slowest = max(slowest, time.process_time() - started)
        if index % 1000 == 999:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert slowest < BUDGET_S
    assert sizes[-1] < sizes[1] + 60_000_000
