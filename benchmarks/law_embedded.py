"""The predictive law on embedded models: PI form x base model x domain, fitted and tried on what it has not seen.

    python benchmarks/law_embedded.py [--domain DOMAIN ...] [--base BASE ...] [--folder runs/law] [--table FILE]

In each domain the bases are of two sizes and three competences each (`benchmarks/tiny` builds them, but for the one
that the domain's package ships). For each, the gaps of the forms are measured before any training; then the suite
`benchmarks/suites/law-DOMAIN.toml` trains OPSD with each form, and FOLDER/store/reports has the page with the law's
plot. `configurations.csv`, `law.json` and `law.svg` are what comes of all domains together, whatever it says. Rows of a
domain or a base that is not asked for are taken from `--table` as they stand. A part that is finished is not done
again: the same command resumes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

HERE = Path(__file__).parent
TABLE = HERE / "results" / "law_configurations.csv"
SMALL = {"hidden": 64, "layers": 3, "intermediate": 256}


@dataclass(frozen=True)
class Trial:
    """What is tried in a domain."""

    some: dict[str, int]
    """Settings of `benchmarks.tiny.build` for the middle competence."""
    little: dict[str, int]

    SHIPPED: ClassVar = "large-much"
    """The base that the domain's package ships."""

    @property
    def bases(self) -> dict[str, dict[str, int]]:
        """Base -> settings, for the bases that no package ships."""
        return {
            "large-some": self.some, "large-little": self.little,
            "small-much": SMALL, "small-some": {**SMALL, **self.some}, "small-little": {**SMALL, **self.little},
        }  # fmt: skip


TRIALS = {
    "math": Trial({"textbook": 25_000, "web": 10_000}, {"textbook": 8_000, "web": 6_000}),
    "code": Trial({"textbook": 10_000, "web": 6_000}, {"textbook": 4_000, "web": 3_000}),
    "lean": Trial({"textbook": 15_000, "web": 8_000}, {"textbook": 6_000, "web": 4_000}),
}
"""Fixed before any of the models was measured."""
BASES = (Trial.SHIPPED, *TRIALS["math"].bases)


def main() -> None:
    """Build, measure, train, fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--domain", choices=list(TRIALS), action="append", help="Repeatable.  [default: all]")
    parser.add_argument("--base", choices=BASES, action="append", help="Repeatable.  [default: all]")
    parser.add_argument("--folder", type=Path, default=Path("runs/law"))
    parser.add_argument("--table", type=Path, default=TABLE, help="Where other rows are taken from.")
    given = parser.parse_args()
    folder: Path = given.folder
    asked = {(domain, base) for domain in given.domain or TRIALS for base in given.base or BASES}
    kept = _kept(given.table)
    rows = list[dict[str, object]]()
    for domain in TRIALS:
        bases = [base for base in BASES if (domain, base) in asked]
        rows += [row for row in kept if row["domain"] == domain and row["model"] not in bases]
        rows += _measured(domain, bases, folder) if bases else []
    table = folder / "configurations.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    _run("pidistill", "law", str(table), "--out", str(folder / "law.json"), "--plot", str(folder / "law.svg"))


def _kept(table: Path) -> list[dict[str, object]]:
    with table.open(encoding="utf-8", newline="") as file:
        return [{**row} for row in csv.DictReader(file)]


def _measured(domain: str, bases: Sequence[str], folder: Path) -> Iterator[dict[str, object]]:
    """The rows of a domain's bases; what is missing for them is built, measured and trained."""
    suite = suite_of(domain, bases, folder)
    axes = tomllib.loads(suite.read_text("utf-8"))["axes"]
    forms: list[str] = axes["recipe.examples.teacher_form"]
    store, gaps = folder / "store", {}
    for model in axes["model"]:
        name = Path(model).name
        if name != "embedded" and not (Path(model) / "evaluation.json").is_file():
            settings = TRIALS[domain].bases[base_of(domain, model)]
            options = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items()]
            _run("benchmarks.tiny.build", domain, "--out", model, "--problems", "100", *options)
        gaps[name] = _gap(domain, model, forms, suite, store)
    _run("pidistill", "suite", "run", str(suite), "--store", str(store))
    report = max(store.glob(f"reports/law-{domain}-*/report.json"), key=lambda path: path.stat().st_mtime)
    for arm in json.loads(report.read_text("utf-8"))["arms"]:
        yield _row(domain, arm, gaps[arm["model"]], forms)


def suite_of(domain: str, bases: Sequence[str], folder: Path) -> Path:
    """The domain's suite, as it stands or with the models of some bases alone."""
    file = HERE / "suites" / f"law-{domain}.toml"
    text = file.read_text("utf-8")
    models = tomllib.loads(text)["axes"]["model"]
    some = [model for model in models if base_of(domain, model) in bases]
    if some == models:
        return file
    folder.mkdir(parents=True, exist_ok=True)
    cut = folder / file.name
    cut.write_text(re.sub(r"^model = \[[^]]*\]", lambda _: f"model = {json.dumps(some)}", text, flags=re.M), "utf-8")
    return cut


def base_of(domain: str, model: str) -> str:
    """What a suite's model is called in the table: its size and its competence."""
    return Path(model).name.removeprefix(f"{domain}-").replace("embedded", Trial.SHIPPED)


def _gap(domain: str, model: str, forms: Sequence[str], suite: Path, store: Path) -> dict[str, Any]:
    """A base's gap, in the store, where the suite's page finds it; with the settings of the suite's own runs."""
    found = store / "gaps" / f"{Path(model).name if model != 'embedded' else f'{domain}-embedded'}.json"
    if not found.is_file():
        told = [word for form in forms for word in ("--form", form)]
        tables = tomllib.loads(suite.read_text("utf-8"))["settings"]
        wanted = {key: value for key, value in _flat(tables) if key.partition(".")[0] != "train"}
        sets = [word for key, value in wanted.items() for word in ("--set", f"{key}={value}")]
        _run("pidistill", "gap", "--domain", domain, "--model", model, *told, "--seeds", "0", "--out", str(found),
             "--store", str(store), *sets)  # fmt: skip
    read: dict[str, Any] = json.loads(found.read_text("utf-8"))
    return read


def _flat(tables: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value)


def _row(domain: str, arm: dict[str, Any], gap: dict[str, Any], forms: Sequence[str]) -> dict[str, object]:
    form = next(form for form in forms if f"teacher_form={form}]" in arm["label"])
    (told,) = (one for one in gap["forms"] if one["form"] == form)
    base = base_of(domain, arm["model"])
    return {
        "label": f"{form} / {domain} {base}",
        "family": base.partition("-")[0],
        "domain": domain,
        "model": base,
        "form": form,
        "gap": round(100 * told["gap"]["mean"], 3),
        "improvement": round(100 * arm["delta"]["mean"], 3),
        "context_tokens": round(told["context_tokens"], 1),
        "completion_tokens": arm["base"]["tokens"],
        "base": round(100 * arm["base"]["rate"], 3),
        "steps": arm["training"]["steps"] // len(arm["seeds"]),
        "seeds": len(arm["seeds"]),
    }


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, cwd=HERE.parent)


if __name__ == "__main__":
    main()
