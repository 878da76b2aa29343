"""The predictive law on embedded models: six bases, three forms of PI, fitted and tried on what it has not seen.

    python benchmarks/law_embedded.py [--folder runs/law]

Bases are of two sizes and three competences each (`benchmarks/tiny` builds five, the sixth is the one that the math
package ships). For each, the gaps of the forms are measured before any training; then the suite
`benchmarks/suites/law.toml` trains OPSD with each form, three seeds. `configurations.csv`, `law.json` and `law.svg` are
what comes of it, whatever it says. A part that is finished is not done again: the same command resumes.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SUITE = Path(__file__).parent / "suites" / "law.toml"
FORMS = ("gold", "first-step", "wrong")
SMALL = {"hidden": 64, "layers": 3, "intermediate": 256}
BASES: dict[str, dict[str, int]] = {
    "large-some": {"textbook": 25_000, "web": 10_000},
    "large-little": {"textbook": 8_000, "web": 6_000},
    "small-much": {**SMALL},
    "small-some": {**SMALL, "textbook": 25_000, "web": 10_000},
    "small-little": {**SMALL, "textbook": 8_000, "web": 6_000},
}
"""Settings of `benchmarks.tiny.build` for the bases that no package ships."""


def main() -> None:
    """Build, measure, train, fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("runs/law"))
    folder: Path = parser.parse_args().folder
    gaps = {}
    for base in ("embedded", *BASES):
        model = "embedded" if base == "embedded" else str(_built(base, folder / "models" / base))
        gaps[base] = _gap(model, folder, base)
    _run("pidistill", "suite", "run", str(SUITE), "--store", str(folder / "store"))
    (report,) = (folder / "store").glob("reports/*/report.json")
    rows = [_row(arm, gaps) for arm in json.loads(report.read_text("utf-8"))["arms"]]
    table = folder / "configurations.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    _run("pidistill", "law", str(table), "--out", str(folder / "law.json"), "--plot", str(folder / "law.svg"))


def _built(base: str, out: Path) -> Path:
    if not (out / "evaluation.json").is_file():
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in BASES[base].items()]
        _run("benchmarks.tiny.build", "math", "--out", str(out), "--problems", "100", *settings)
    return out


def _gap(model: str, folder: Path, base: str) -> dict[str, Any]:
    out = folder / f"gap-{base}.json"
    if not out.is_file():
        forms = [word for form in FORMS for word in ("--form", form)]
        _run(
            "pidistill", "gap", "--domain", "math", "--model", model, *forms, "--out", str(out),
            "--store", str(folder / "store"), "--set", "model.threads=1", "--set", "sampling.max_tokens=128",
            "--set", "evaluate.max_tokens=128",
        )  # fmt: skip
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def _row(arm: dict[str, Any], gaps: dict[str, dict[str, Any]]) -> dict[str, object]:
    gap = gaps[arm["model"]]
    form = next(form for form in FORMS if f"teacher_form={form}]" in arm["label"])
    (told,) = (one for one in gap["forms"] if one["form"] == form)
    return {
        "label": f"{form} / {arm['model']}",
        "family": arm["model"].split("-")[0].replace("embedded", "large"),
        "gap": round(100 * told["gap"]["mean"], 3),
        "improvement": round(100 * arm["delta"]["mean"], 3),
        "context_tokens": told["context_tokens"],
        "completion_tokens": arm["base"]["tokens"],
        "base": round(100 * arm["base"]["rate"], 3),
        "steps": arm["training"]["steps"] // len(arm["seeds"]),
        "seeds": len(arm["seeds"]),
    }


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, cwd=Path(__file__).parents[1])


if __name__ == "__main__":
    main()
