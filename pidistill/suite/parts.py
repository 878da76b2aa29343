"""The bench: the live parts that cells share, from names in a configuration to objects.

Cells that differ only in recipe, training settings and seed share one domain, one set of problems, one engine and one
verification pool; opening those is slow, so a bench is opened once per such group. This is the only place where plugins
are looked up by name on behalf of the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pidistill.cell import Cell
from pidistill.config import DataTable, RunConfig, as_json
from pidistill.contracts import Domain, Embedded, Engine
from pidistill.discovery import Kind
from pidistill.engines.loading import resolve_model, use_threads
from pidistill.errors import DataError, PluginError, UsageError
from pidistill.plugins import Manager
from pidistill.progress import Progress
from pidistill.records import ModelRef, Problem, canonical_json
from pidistill.store.store import Store
from pidistill.suite.confinement import find_sandbox, sandbox_factory
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool

DEFAULT_MAX_TOKENS = 2048


@dataclass(frozen=True)
class Bench:
    """What the cells of one group have in common."""

    domain: Domain
    train: tuple[Problem, ...]
    held_out: tuple[Problem, ...]
    base: ModelRef
    engine: Engine
    pool: VerifierPool
    manager: Manager
    store: Store
    progress: Progress

    def cell(self, config: RunConfig, seed: int) -> Cell:
        """The cell of `config`, which must be of this bench's group, and `seed`. Raises `UsageError` for bad names."""
        rollouts = config.recipe.rollouts
        named = {rollouts.first_form, rollouts.retry_form, config.recipe.examples.teacher_form} - {None}
        forms = {name: self.manager.pi_form(name, config.domain) for name in named if name}
        if rollouts.first_form and (
            forms[rollouts.first_form].needs.rollout or forms[rollouts.first_form].needs.diagnostics
        ):
            raise UsageError(
                f"PI form {rollouts.first_form!r} is about a failed attempt, so no first attempt can see it.",
                "Name it for second tries: --set recipe.rollouts.retry_form=" + rollouts.first_form,
            )
        objective = self.manager.objective(config.train.objective)
        if objective.needs_teacher and not config.recipe.examples.teacher_form:
            raise UsageError(
                f"Recipe {config.recipe.name!r}: objective {config.train.objective!r} needs a teacher.",
                "Say what the teacher sees: --set recipe.examples.teacher_form=gold",
            )
        return Cell(
            config=config, seed=seed, base=self.base, train=self.train, held_out=self.held_out, domain=self.domain,
            engine=self.engine, pool=self.pool, objective=objective, forms=forms, store=self.store,
            progress=self.progress, observe=self.manager.observe,
        )  # fmt: skip


def group_key(config: RunConfig) -> str:
    """Equal for configurations whose cells can share a bench."""
    tables = as_json(config)
    return canonical_json([tables[name] for name in ("domain", "model", "engine", "data", "verify", "store")])


def resolve(config: RunConfig, manager: Manager) -> RunConfig:
    """`config` with every default that depends on the domain filled in: model, data, completion length."""
    embedded = manager.domain(config.domain).embedded()
    model, data = config.model, config.data
    if model.name == "embedded":
        if embedded is None:
            raise UsageError(f"Domain {config.domain!r} ships no embedded model.", "Name one: --model NAME_OR_PATH")
        model = model.model_copy(update={"name": str(embedded.model)})
    data = data.model_copy(
        update={
            "train": _data(data.train, "train", config.domain, embedded),
            "evaluate": _data(data.evaluate, "evaluate", config.domain, embedded),
        }
    )
    longest = embedded.max_tokens if embedded and model is not config.model else DEFAULT_MAX_TOKENS
    tables = {
        name: table if table.max_tokens else table.model_copy(update={"max_tokens": longest})
        for name, table in (("sampling", config.sampling), ("evaluate", config.evaluate))
    }
    return config.model_copy(update={"model": model, "data": data, **tables})


def confine(configs: Sequence[RunConfig], manager: Manager) -> list[RunConfig]:
    """`configs` with `verify.sandbox` naming a sandbox that works here, for domains that run untrusted code.

    Each domain's is looked for once. Raises `SandboxError` on one line where there is none.
    """
    found: dict[tuple[str, str | None], str | None] = {}
    for domain, wanted in dict.fromkeys((config.domain, config.verify.sandbox) for config in configs):
        found[domain, wanted] = find_sandbox(manager, manager.domain(domain), wanted)
    return [
        config.model_copy(
            update={"verify": config.verify.model_copy(update={"sandbox": found[config.domain, config.verify.sandbox]})}
        )
        for config in configs
    ]


@contextmanager
def open_bench(config: RunConfig, manager: Manager, store: Store, progress: Progress) -> Iterator[Bench]:
    """Open the parts that `config` (resolved) names. Raises `PidistillError` for whatever cannot be opened."""
    domain = manager.domain(config.domain)
    train = _problems(domain, config.data.train, "train")
    held_out = _problems(domain, config.data.evaluate, "evaluate")
    base = resolve_model(config.model.name, config.model.chat)
    if config.model.threads:
        use_threads(config.model.threads)
    verify = config.verify
    factory = manager.domains()[config.domain].factory
    opener = Opener(config.domain, verify.options, sandbox_factory(manager, verify.sandbox), verify.wrappers, factory)
    with VerifierPool(
        opener, workers=verify.workers, budget_s=verify.budget_s, memory_mb=verify.memory_mb,
        recycle_after=verify.recycle_after,
    ) as pool:  # fmt: skip
        engine = manager.factory(Kind.ENGINE, config.engine.name)(base, config.engine)
        if not isinstance(engine, Engine):
            raise PluginError(f"Engine {config.engine.name!r} is not a pidistill.contracts.Engine.")
        try:
            yield Bench(domain, train, held_out, base, engine, pool, manager, store, progress)
        finally:
            engine.close()


def _data(table: DataTable, side: str, domain: str, embedded: Embedded | None) -> DataTable:
    if table.dataset or table.path:
        return table
    if embedded is None:
        raise UsageError(
            f"Domain {domain!r} ships no problems of its own.", f"Name some: --set data.{side}.dataset=NAME"
        )
    source = embedded.train if side == "train" else embedded.evaluate
    given = {key: getattr(table, key) for key in table.model_fields_set}
    return DataTable(
        **{"dataset": source.dataset, "split": source.split, "path": source.path, "limit": source.limit,
           "seed": source.seed, **given}
    )  # fmt: skip


def _problems(domain: Domain, table: DataTable, side: str) -> tuple[Problem, ...]:
    problems = tuple(domain.problems(table.source()))
    if not problems:
        raise DataError(f"data.{side}: no problems in {table.path or table.dataset!r} (split {table.split!r}).")
    return problems
