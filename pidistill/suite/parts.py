"""The live parts that cells share, from names in a configuration to objects.

Cells that differ only in recipe, training settings and seed share one domain, one set of problems, one verification
pool and the engines of their roles; opening those is slow, so it is done once for such a group, and only where a cell
of it has to be run. This is the only place where plugins are looked up by name on behalf of the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import cast

from pidistill.cell import ROLES, STUDENT, Cell, Speaker
from pidistill.config import DataTable, EngineConfig, RoleConfig, RunConfig, as_json
from pidistill.contracts import Domain, Engine, PIForm, WrittenForm
from pidistill.discovery import Kind
from pidistill.engines.loading import resolve_model, use_threads
from pidistill.errors import DataError, PluginError, UsageError, unknown_name
from pidistill.plugins import Manager
from pidistill.progress import Progress
from pidistill.provenance import COUNTED, package_versions
from pidistill.records import ModelRef, Problem, canonical_json
from pidistill.store.store import Store
from pidistill.suite.confinement import sandbox_factory
from pidistill.suite.guard import GuardedDomain
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool

SHARED = ("domain", "model", "engine", "data", "verify", "roles", "store")


@dataclass(frozen=True)
class Parts:
    """What the cells of one group have in common."""

    domain: Domain
    train_problems: tuple[Problem, ...]
    held_out: tuple[Problem, ...]
    base: ModelRef
    speakers: Mapping[str, Speaker]
    pool: VerifierPool
    manager: Manager
    store: Store
    progress: Progress

    def cell(self, config: RunConfig, seed: int, cell_id: str) -> Cell:
        """The cell of `config` (resolved), which must be of this group, and `seed`. Raises `UsageError` for names."""
        stages, manager = config.stages, self.manager
        return Cell(
            id=cell_id, config=config, seed=seed, base=self.base, train_problems=self.train_problems,
            held_out=self.held_out, domain=self.domain, pool=self.pool, speakers=self.speakers,
            objectives={s.train.objective: manager.objective(s.train.objective) for s in stages},
            forms=forms_of(config, manager),
            selectors={s.examples.keep: manager.selector(s.examples.keep) for s in stages},
            store=self.store, progress=self.progress, observe=manager.observe,
            packages=packages(config.domain, manager),
        )  # fmt: skip


def forms_of(config: RunConfig, manager: Manager) -> dict[str, PIForm]:
    """The PI forms that a configuration names, by their text in it. Raises `UsageError` with the nearest name."""
    texts = {
        text
        for stage in config.stages
        for text in (
            stage.rollouts.first_form,
            stage.rollouts.retry_form,
            stage.examples.teacher_form,
            stage.examples.contrast_form,
        )
        if text
    }
    return {text: manager.pi_form(text, config.domain) for text in sorted(texts)}


def check_names(config: RunConfig, manager: Manager) -> None:
    """Every name in `config` is known, before anything slow begins. Raises `UsageError` with the nearest name."""
    for engine in (config.engine, *(role.engine for role in config.roles.values())):
        manager.spec(Kind.ENGINE, engine.name)
    if config.verify.sandbox is not None:
        manager.spec(Kind.SANDBOX, config.verify.sandbox)
    for stage in config.stages:
        manager.spec(Kind.OBJECTIVE, stage.train.objective)
        manager.selector(stage.examples.keep)
    forms = forms_of(config, manager).values()
    roles = {*ROLES, *(form.role for form in forms if isinstance(form, WrittenForm))}
    for role in (*config.roles, *(stage.rollouts.retry_role for stage in config.stages)):
        if role not in roles:
            raise unknown_name("role", role, roles, "docs/reference.md, table `roles`")
    if STUDENT in config.roles:
        raise UsageError("The student is not a role of its own.", "Its tables are [model], [engine] and [sampling].")


def packages(domain: str, manager: Manager) -> dict[str, str]:
    """Versions of what results may depend on: the libraries, and the domain's own package. Opens nothing."""
    own = [manager.owner(Kind.DOMAIN, domain)]
    return package_versions(*COUNTED, *own)


def group_key(config: RunConfig) -> str:
    """Equal for configurations whose cells can share their parts."""
    tables = as_json(config)
    return canonical_json([tables[name] for name in SHARED])


@contextmanager
def open_parts(config: RunConfig, manager: Manager, store: Store, progress: Progress) -> Iterator[Parts]:
    """Open the parts that `config` (resolved) names. Raises `PidistillError` for whatever cannot be opened."""
    domain = GuardedDomain(manager, config.domain)
    train_problems = _problems(domain, config.data.train, "train")
    held_out = _problems(domain, config.data.evaluate, "evaluate")
    if config.model.threads:
        use_threads(config.model.threads)
    with ExitStack() as stack:
        base = _model(config.model.name, config.engine, config.model.chat, manager)
        pool = stack.enter_context(verifier_pool(config, manager))
        student = _engine(base, student_engine(config), manager, stack)
        speakers = {STUDENT: Speaker(student)}
        for name, role in sorted(config.roles.items()):
            speakers[name] = _speaker(role, student, manager, stack)
        yield Parts(domain, train_problems, held_out, base, speakers, pool, manager, store, progress)


def student_engine(config: RunConfig) -> EngineConfig:
    """The student's engine, which makes room for the adapters that it will sample from."""
    rank = config.engine.lora_rank or max(stage.train.lora_rank for stage in config.stages)
    return config.engine.model_copy(update={"lora_rank": rank})


def verifier_pool(config: RunConfig, manager: Manager) -> VerifierPool:
    """The verification pool that `config` (resolved) names. Use as a context manager."""
    verify = config.verify
    factory = manager.domains()[config.domain].factory
    opener = Opener(config.domain, verify.options, sandbox_factory(manager, verify.sandbox), verify.wrappers, factory)
    return VerifierPool(
        opener, workers=verify.workers, budget_s=verify.budget_s, memory_mb=verify.memory_mb,
        recycle_after=verify.recycle_after,
    )  # fmt: skip


def _speaker(role: RoleConfig, student: Engine, manager: Manager, stack: ExitStack) -> Speaker:
    """Who speaks in a role: with a model or a server of its own, else the current student in its own engine."""
    served = getattr(manager.factory(Kind.ENGINE, role.engine.name), "served", None)
    if role.model is None and served is None:
        return Speaker(student, None, role.sampling)
    model = _model(role.model, role.engine, role.chat, manager)
    return Speaker(_engine(model, role.engine, manager, stack), model, role.sampling)


def _model(name: str | None, engine: EngineConfig, chat: Mapping[str, object], manager: Manager) -> ModelRef:
    """The model called `name`, or the one that the engine's server serves, where it has one of its own."""
    served = getattr(manager.factory(Kind.ENGINE, engine.name), "served", None)
    if served is not None and (name is None or engine.options.get("model")):
        return cast(ModelRef, served(engine, chat))
    return resolve_model(name or "", chat)  # type: ignore[arg-type]  # options for the chat template are JSON


def _engine(model: ModelRef, config: EngineConfig, manager: Manager, stack: ExitStack) -> Engine:
    engine = manager.factory(Kind.ENGINE, config.name)(model, config)
    if not isinstance(engine, Engine):
        raise PluginError(f"Engine {config.name!r} is not a pidistill.contracts.Engine.")
    stack.callback(engine.close)
    return engine


def _problems(domain: Domain, table: DataTable, side: str) -> tuple[Problem, ...]:
    problems = tuple(domain.problems(table.source()))
    if not problems:
        raise DataError(f"data.{side}: no problems in {table.path or table.dataset!r} (split {table.split!r}).")
    return problems
