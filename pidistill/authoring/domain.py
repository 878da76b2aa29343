"""A domain that says what it has, instead of how to hand it over.

class Chess(PluginDomain):
    name = "chess"
    data = sources.DATA
    tiny = Tiny("endings", train=400, evaluate=200, max_tokens=64)
    ...

What is left to write is what the domain is about: its prompt, its verifier, its oracle, its forms. Everything here may
be overridden as any method of `contracts.Domain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import ClassVar

from pidistill.authoring.data import DataSets
from pidistill.contracts import DataSource, Domain, Embedded, PIForm, Spec
from pidistill.records import Problem

MODEL, DEMO = "embedded", "demo.toml"
"""Folder of the tiny model in a package, and the file that says what `pidistill demo` does with it."""


@dataclass(frozen=True)
class Tiny:
    """The tiny model in a package's folder `embedded/`, and the generated problems it is trained and judged on.

    Its builder looked at `test` problems of seed 0 while it was made, so the default is judged on those of seed 1.
    """

    dataset: str
    """A generated data set with splits `train` and `test`."""
    train: int
    """Problems to train on."""
    evaluate: int
    max_tokens: int
    """Longest completion, in tokens."""


class PluginDomain(Domain):
    """A domain whose data sets and tiny model are declared; the model lies in the domain's own package."""

    data: ClassVar[DataSets]
    tiny: ClassVar[Tiny | None] = None

    def datasets(self) -> Mapping[str, str]:
        """Data set name -> one line."""
        return self.data.summaries()

    def problems(self, source: DataSource) -> Iterator[Problem]:
        """The problems of `source`. Raises `DataError` naming the file and row, or the data set."""
        return self.data.problems(source)

    def drawn_independently(self, source: DataSource) -> bool:
        """Whether `source` is a generated data set."""
        return source.path is None and source.dataset in self.data.generated

    def embedded(self) -> Embedded | None:
        """The tiny model and its problems; None where the package comes without its weights."""
        folder = Path(str(resources.files(type(self).__module__.rpartition(".")[0])))
        tiny, model, demo = self.tiny, folder / MODEL, folder / DEMO
        if tiny is None or not (model / "config.json").is_file():
            return None
        return Embedded(
            model=model,
            train=DataSource(tiny.dataset, "train", limit=tiny.train),
            evaluate=DataSource(tiny.dataset, "test", limit=tiny.evaluate, seed=1),
            max_tokens=tiny.max_tokens,
            demo=demo if demo.is_file() else None,
        )


def form_specs(*forms: type[PIForm]) -> Sequence[Spec]:
    """Specs of PI forms, for `Domain.pi_forms`: each with its own name and the first line of its docstring."""
    return [Spec(form.name, _first_line(form), f"{form.__module__}:{form.__name__}") for form in forms]


def _first_line(form: type[PIForm]) -> str:
    return (form.__doc__ or "").strip().partition("\n")[0]
