"""From a configuration as it was given to one without defaults that depend on a domain. Opens nothing slow.

Cells are named by the configuration as given (`embedded`, not the folder of some installation); what it resolves to is
part of their provenance.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pidistill.config import DataTable, RoleConfig, RunConfig
from pidistill.contracts import Embedded
from pidistill.discovery import Kind
from pidistill.errors import UsageError
from pidistill.plugins import Manager
from pidistill.suite.confinement import find_sandbox

DEFAULT_MAX_TOKENS = 2048
EMBEDDED = "embedded"


def resolve(config: RunConfig, manager: Manager) -> RunConfig:
    """`config` with every default that depends on the domain filled in: model, data, completion length."""
    embedded = manager.call(Kind.DOMAIN, config.domain, manager.domain(config.domain).embedded)
    model = config.model.model_copy(update={"name": model_name(config.model.name, config.domain, manager)})
    data = config.data.model_copy(
        update={
            "train": _data(config.data.train, "train", config.domain, embedded),
            "evaluate": _data(config.data.evaluate, "evaluate", config.domain, embedded),
        }
    )
    longest = embedded.max_tokens if embedded and config.model.name == EMBEDDED else DEFAULT_MAX_TOKENS
    tables = {
        name: table if table.max_tokens else table.model_copy(update={"max_tokens": longest})
        for name, table in (("sampling", config.sampling), ("evaluate", config.evaluate))
    }
    roles = {name: _role(role, longest, config.domain, manager) for name, role in config.roles.items()}
    return config.model_copy(update={"model": model, "data": data, "roles": roles, **tables})


def model_name(name: str, domain: str, manager: Manager) -> str:
    """`name`, or the folder behind `embedded` (the domain's own) and `embedded:DOMAIN` (another domain's)."""
    if name.partition(":")[0] != EMBEDDED:
        return name
    of = name.partition(":")[2] or domain
    embedded = manager.call(Kind.DOMAIN, of, manager.domain(of).embedded)
    if embedded is None:
        raise UsageError(f"Domain {of!r} ships no embedded model.", "Name one: --model NAME_OR_PATH")
    return str(embedded.model)


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


def model_label(name: str) -> str:
    """What a report calls a model: its hub name, or the last part of its folder."""
    return Path(name).name if Path(name).is_dir() else name


def _role(role: RoleConfig, longest: int, domain: str, manager: Manager) -> RoleConfig:
    update: dict[str, object] = {}
    if role.model is not None:
        update["model"] = model_name(role.model, domain, manager)
    if role.sampling is not None and not role.sampling.max_tokens:
        update["sampling"] = role.sampling.model_copy(update={"max_tokens": longest})
    return role.model_copy(update=update)


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
