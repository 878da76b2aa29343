"""Which verifier a worker opens: plain data that travels to the worker, and the code that acts on it there.

The host looks the domain up among the plugins and sends the factory's name; the worker imports just that, so it starts
fast and does not depend on which plugins are installed or broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pidistill.contracts import Domain, Sandbox, Spec, Verifier
from pidistill.errors import UsageError, VerifierError
from pidistill.provenance import forget_hasty_bytecode
from pidistill.records import JSON
from pidistill.verify.wrappers import parse_wrapper


@dataclass(frozen=True)
class Opener:
    """Opens the verifier of a domain, wrapped. Picklable; raises `UsageError` at once for a wrapper it cannot read."""

    domain: str
    options: Mapping[str, JSON] = field(default_factory=dict)
    """Passed to `Domain.open_verifier`."""
    sandbox: str | None = None
    """`"package.module:Class"` of the sandbox, from its spec; None: the domain's own choice."""
    wrappers: tuple[str, ...] = ()
    """Applied in this order, such as `("noisy:false_pass=0.1,seed=1",)`; see `wrappers.py`."""
    factory: str | None = None
    """`"package.module:Class"` of the domain, from its spec; needed where `verifier` is None."""
    verifier: str | None = None
    """`"package.module:callable"` that makes the verifier from `options`, in place of a domain."""

    def __post_init__(self) -> None:
        for text in self.wrappers:
            parse_wrapper(text)

    def open(self) -> Verifier:
        """The verifier, opened here. Raises what the domain raises, and `VerifierError` where it is none."""
        if self.verifier is not None:
            made = _load("verifier", self.verifier)(dict(self.options))
        else:
            made = self._domain().open_verifier(dict(self.options), self._sandbox())
        if not isinstance(made, Verifier):
            raise VerifierError(f"Domain {self.domain!r} opened a {type(made).__name__}, which is not a Verifier.")
        if "opened_with" not in vars(made):  # a verifier may say it itself, defaults left out
            made.opened_with = dict(self.options)
        for text in self.wrappers:
            made = parse_wrapper(text).wrap(made)
        return made

    def _domain(self) -> Domain:
        if self.factory is None:
            raise UsageError(f"Nothing says how domain {self.domain!r} is made.", "Give the factory of its spec.")
        domain = _load("domain", self.factory)()
        if not isinstance(domain, Domain):
            raise VerifierError(f"{self.factory!r} of domain {self.domain!r} makes a {type(domain).__name__}.")
        return domain

    def _sandbox(self) -> Sandbox | None:
        if self.sandbox is None:
            return None
        sandbox = _load("sandbox", self.sandbox)()
        if not isinstance(sandbox, Sandbox):
            raise UsageError(f"Sandbox {self.sandbox!r} makes a {type(sandbox).__name__}, which is not a Sandbox.")
        return sandbox


def _load(kind: str, factory: str):  # type: ignore[no-untyped-def]  # what a plugin's factory takes is checked by use
    forget_hasty_bytecode(factory.partition(":")[0])
    return Spec(kind, "", factory).load()
