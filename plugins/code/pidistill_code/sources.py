"""The data sets that are known by name; what their columns mean is in `rows`."""

from __future__ import annotations

from typing import Final

from pidistill.authoring.data import DataSets, GeneratedSet, HubSet
from pidistill_code import functions
from pidistill_code.rows import problem_of

_MBPP: Final = "google-research-datasets/mbpp"

DATA: Final = DataSets(
    "code",
    problem_of,
    local="A JSONL, JSON or Parquet file with the columns of HumanEval, EvalPlus, MBPP or LiveCodeBench, "
    "or prompt, entry_point and tests.",
    generated={
        "functions": GeneratedSet(
            "Generated small functions with hidden tests, levels 1-5; needs no network.", functions.problems
        ),
    },
    hub={
        "humaneval": HubSet("openai/openai_humaneval", None, "test", "HumanEval: 164 functions from their docstrings."),
        "mbpp": HubSet(_MBPP, "full", "test", "MBPP: 974 short functions, one test shown."),
        "mbpp-sanitized": HubSet(_MBPP, "sanitized", "test", "MBPP's 427 problems that were verified by hand."),
    },
    instructions=True,
)
