"""What the Lean plugin and a Lean runtime say to each other. Data and one abstract class, no mechanism.

The rule behind it: the host states facts to be found out, the runtime finds them out with trusted Lean code, and
`judge.py` alone turns facts into a verdict. A runtime answers every request from the same clean environment.

    with open_runtime("auto") as lean:
        two = Theorem("theorem two : 1 + 1 = 2 := by sorry", "two")
        check = lean.check(two, "theorem two : 1 + 1 = 2 := rfl", 10.0)
        outline = lean.outline(source, 10.0)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Literal, Self


@dataclass(frozen=True)
class Theorem:
    """What is to be proved. All of it is trusted: it comes from the problem, never from a candidate."""

    statement: str
    """Lean source without header: the definitions that the statement uses, if any, and the theorem itself, its proof a
    `sorry`."""
    target: str
    """Full name of the theorem to be proved."""
    header: str = ""
    """Imports, `open`s and options in front of statement and submission alike, such as MiniF2F's."""


@dataclass(frozen=True)
class LeanMessage:
    """A message of the elaborator, at a place in the text that was sent (not counting the header)."""

    severity: Literal["error", "warning", "information"]
    text: str
    line: int
    """From 1."""
    column: int
    """From 0, in code points."""
    end_line: int | None = None
    end_column: int | None = None


@dataclass(frozen=True)
class Item:
    """What is known of a problem's own text, all of it trusted."""

    errors: tuple[LeanMessage, ...] = ()
    """Why nobody's proof of it can be judged: it does not elaborate, its target is no theorem, what it says rests on
    `sorry`. The rest is empty then."""
    commands: tuple[str, ...] = ()
    """The statement's commands, in order."""
    before: tuple[str, ...] = ()
    """Those in front of the one that declares the target."""
    head: str = ""
    """The target's command up to its proof, without `:=`."""


@dataclass(frozen=True)
class Check:
    """Facts about one submission: `refused`, `messages`, `errors`, `chosen` and `unavailable` as the process says that
    elaborated it, the others as found out by one that never saw its text. The first can refuse, and never pass."""

    statement_errors: tuple[LeanMessage, ...] = ()
    """Errors of the trusted statement itself; where there are any, nothing else was looked at."""
    refused: LeanMessage | None = None
    """The first thing in the submission that a proof may not contain (code that runs while it is elaborated, options
    that switch the kernel off, ...), found by walking its syntax before it was elaborated. What follows was not
    elaborated."""
    messages: tuple[LeanMessage, ...] = ()
    """Messages of the submission, in order, positions in its own lines; where they are many, errors before others."""
    errors: bool = False
    """Whether Lean had any error in it, be it among `messages` or not."""
    chosen: int = 0
    """Which of the texts that were submitted all this is about."""
    target_kind: Literal["missing", "theorem", "axiom", "definition", "other"] = "missing"
    """What the submission made of the target's name."""
    type_matches: bool = False
    """Whether the submission's constant has exactly the type of the trusted statement."""
    changed: tuple[str, ...] = ()
    """Constants that the trusted statement rests on and that the submission has otherwise, or lacks."""
    axioms: tuple[str, ...] = ()
    """Axioms that the target rests on: Lean's own by name, the submission's as `new axiom` and their name."""
    replay_error: str | None = None
    """None where all declarations that the target rests on were accepted by the kernel in a clean environment."""
    unavailable: tuple[str, ...] = ()
    """Modules that the submission imports beyond the header and that this runtime does not have, such as Mathlib. Where
    there are any, the submission was not elaborated: it cannot be judged here."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Step:
    """One tactic step of a proof, by Lean's own parser. Positions are offsets into the source, in code points."""

    kind: Literal["have", "other"]
    start: int
    end: int
    depth: int
    """0 for the steps of the theorem's own `by` block; a step inside the proof of a `have` is one deeper."""
    name: str = ""
    """Of a `have` with a name."""
    statement_end: int | None = None
    """Of a `have`: where what it states ends and ` := ` or ` by ` begins."""


@dataclass(frozen=True)
class Outline:
    """The structure of a source text, parsed and not elaborated."""

    errors: tuple[LeanMessage, ...]
    proof_start: int | None
    """Where the proof of the last theorem begins: the first step after `:= by`. None where it has no `by` block."""
    steps: tuple[Step, ...]
    """In order of `start`."""
    theorem: str = ""
    """The last theorem's name as it is written, without the namespaces around it."""


class LeanTimeout(Exception):
    """The request used up its budget. The candidate's own overrun; the runtime has recovered by the next request."""


class LeanDied(Exception):
    """The Lean process ended while it worked on the request: out of memory, an exit, a crash. The runtime restarts."""


class Runtime(ABC):
    """A Lean that stays up. For one thread. Made by `runtimes.open_runtime`; used as a context manager."""

    name: ClassVar[str]

    @abstractmethod
    def item(self, theorem: Theorem) -> Item:
        """What is known of the problem itself, found out once. Raises `pidistill.errors.VerifierError`."""

    @abstractmethod
    def check(self, theorem: Theorem, submission: str | Sequence[str], budget_s: float) -> Check:
        """Facts about `submission` as a proof of `theorem`, within `budget_s` seconds of processor time.

        Of several texts the first counts that comes to a proof without an error; where none does, the first that
        Lean's parser takes, else the first.

        Raises `LeanTimeout`, `LeanDied` (both: the request's doing, as far as one can tell) and `pidistill.errors.
        VerifierError` for trouble of our own, such as a Lean that does not start.
        """

    @abstractmethod
    def outline(self, source: str, budget_s: float) -> Outline:
        """The structure of `source`. Raises as `check` does."""

    @abstractmethod
    def identity(self) -> str:
        """Name, Lean version and library, and a hash of the trusted Lean code: all that a verdict depends on."""

    @abstractmethod
    def close(self) -> None:
        """End the process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
