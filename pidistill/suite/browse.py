"""From the cells of a report to the rollouts behind it: what the page's browser shows.

What `pidistill show` reads for one rollout is read here for all of them: problem, prompt as sent, PI, completion,
verdict, who paid, where which cell used it, what was trained on it. A store may hold more than a page can: then
problems are drawn by the hash of their content, which favours no arm and no outcome, and the page says how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pidistill.records import JSON, Problem
from pidistill.report.browser import Browser, Columns, Shown, Texts
from pidistill.stats.data import CellScores
from pidistill.store.store import Store
from pidistill.store.uses import Use
from pidistill.verify.key import verdict_key

MOST_ROLLOUTS = 20_000
HELD_OUT = "problems, held out"
_MEASURED = {"evaluate before", "evaluate after"}

_PROBLEMS = ("id", "hash", "prompt", "reference", "solution", "level", "source")
_PI = ("form", "text", "reveals", "about", "written_by")
_ROLLOUTS = (
    "id", "problem", "prompt", "completion", "tokens", "prompt_tokens", "truncated", "attempt", "role", "parent",
    "temperature", "seed", "model", "engine", "pi", "paid", "at", "examples",
)  # fmt: skip
_VERDICTS = ("status", "score", "answer", "reason", "diagnostics", "verifier", "seconds", "paid")
_USES = ("cell", "place", "rollout", "verdict", "judged", "flip")


def browse(store: Store, cells: Sequence[tuple[str, CellScores]], most: int = MOST_ROLLOUTS) -> Browser:
    """The rollouts of `cells` (name, and the scores as the report shows them)."""
    keys = {key for name, _ in cells for use in store.uses(name) if use.kind == "rollout" for key in use.keys}
    reader = _Reader(store, min(1.0, most / max(1, len(keys))))
    for number, (name, scores) in enumerate(cells):
        reader.take(number, name, scores)
    note = ""
    if reader.share < 1:
        note = (
            f"{reader.rollouts.rows:,} of {len(keys):,} rollouts are on this page: all of one held-out problem in "
            f"{1 / reader.share:.3g}, drawn by the hash of their content, and training rollouts by theirs. The tables "
            "above count all of them. pidistill show ROLLOUT finds the others, pidistill suite export writes them all."
        )
    if reader.gone:
        note += f" {reader.gone} rollouts are not in the store any more."
    shown = tuple(Shown(name, s.recipe, s.domain, s.model, s.seed) for name, s in cells)
    return Browser(shown, reader.texts.all(), reader.tables(), note.strip())


class _Reader:
    """Reads each record once, however many cells used it."""

    def __init__(self, store: Store, share: float) -> None:
        self.store, self.share, self.gone = store, share, 0
        self.texts = Texts()
        self.problems, self.pi, self.rollouts = Columns(_PROBLEMS), Columns(_PI), Columns(_ROLLOUTS)
        self.verdicts, self.uses = Columns(_VERDICTS), Columns(_USES)
        self.prompts: dict[tuple[tuple[str, int], ...], int] = {}
        self.places: dict[tuple[str, int, str], int] = {}
        self._known: dict[tuple[str, str], int] = {}
        self._problem_of: dict[str, Problem | None] = {}
        self._examples: dict[str, list[JSON]] = {}

    def tables(self) -> dict[str, JSON]:
        """What `Browser.tables` holds."""
        prompts: list[JSON] = [[list(message) for message in prompt] for prompt in self.prompts]
        places: list[JSON] = [list(place) for place in self.places]
        return {
            "problems": self.problems.to_json(), "pi": self.pi.to_json(), "rollouts": self.rollouts.to_json(),
            "verdicts": self.verdicts.to_json(), "uses": self.uses.to_json(), "prompts": prompts, "places": places,
        }  # fmt: skip

    def take(self, number: int, name: str, scores: CellScores) -> None:
        """Take in the cell `name`, which is the report's `number`-th."""
        uses = self.store.uses(name)
        verifier = str((self.store.provenance(name) or {}).get("verifier", ""))
        judged = {(use.stage, use.turn, use.arrow) for use in uses if use.kind == "verdict"}
        held_out = next((use.keys for use in uses if use.kind == "problem" and use.arrow == HELD_OUT), ())
        flips = _flips(scores)
        last = max((place for place, use in enumerate(uses) if use.arrow == "evaluate after"), default=-1)
        final = uses[last].stage if last >= 0 else ""
        self._note_examples(number, uses)
        for use in uses:
            if use.kind != "rollout":
                continue
            slot = (use.stage, use.turn, use.arrow)
            place = self.places.setdefault(slot, len(self.places))
            told = use.arrow == "evaluate before" or (use.arrow == "evaluate after" and use.stage == final)
            for key in self._drawn(use, held_out):
                if (rollout := self._rollout(key)) is None:
                    continue
                problem, verdict = self._verdict(key, verifier) if slot in judged else (None, -1)
                self.uses.add({
                    "cell": number, "place": place, "rollout": rollout, "verdict": verdict,
                    "judged": int(slot in judged), "flip": flips.get(problem.id, 0) if told and problem else 0,
                })  # fmt: skip

    def _drawn(self, use: Use, held_out: Sequence[str]) -> Iterator[str]:
        """The keys of a use that the page has room for."""
        if self.share >= 1:
            yield from use.keys
        elif use.arrow in _MEASURED and held_out and len(use.keys) % len(held_out) == 0:
            samples = len(use.keys) // len(held_out)  # problem by problem, as they were asked for
            for place, problem in enumerate(held_out):
                if _in_share(problem, self.share):
                    yield from use.keys[place * samples : (place + 1) * samples]
        else:
            yield from (key for key in use.keys if _in_share(key, self.share))

    def _rollout(self, key: str) -> int | None:
        if (known := self._known.get(("rollout", key))) is not None:
            return known
        data = self.store.rollouts.raw(key)
        if data is None:
            self.gone += 1
            return None
        record, text = data["record"], self.texts.place
        prompt = tuple((str(message["role"]), text(message["content"])) for message in record["messages"])
        drawn: Mapping[str, Any] = record["sampling"]
        told: list[JSON] = [place for pi in record.get("pi_ids", ()) if (place := self._pi(pi)) is not None]
        number = self.rollouts.add({
            "id": key, "problem": self._problem(record.get("problem_hash", ""), record["problem_id"]),
            "prompt": self.prompts.setdefault(prompt, len(self.prompts)), "completion": text(record["completion"]),
            "tokens": len(record["token_ids"]), "prompt_tokens": record["prompt_tokens"],
            "truncated": int(record.get("truncated", False)), "attempt": record.get("attempt", 0),
            "role": text(record.get("role", "student")), "parent": record.get("parent_id") or "",
            "temperature": drawn.get("temperature", 0.0), "seed": str(drawn.get("seed", 0)),
            "model": text(record["model_revision"]), "engine": text(record["engine"]), "pi": told,
            "paid": text(data["cell"]), "at": data["at"], "examples": list(self._examples.get(key, ())),
        })  # fmt: skip
        self._known["rollout", key] = number
        return number

    def _problem(self, key: str, name: str) -> int:
        if (known := self._known.get(("problem", key or name))) is not None:
            return known
        found, text = self.store.problems.get(key) if key else None, self.texts.place
        number = self.problems.add({
            "id": text(name), "hash": key, "prompt": text(found.prompt if found else ""),
            "reference": -1 if found is None or found.reference is None else text(found.reference),
            "solution": -1 if found is None or found.solution is None else text(found.solution),
            "level": found.level if found else None, "source": text(found.source if found else ""),
        })  # fmt: skip
        self._known["problem", key or name] = number
        self._problem_of[key] = found
        return number

    def _pi(self, key: str) -> int | None:
        if (known := self._known.get(("pi", key))) is not None:
            return known
        if (found := self.store.pi.get(key)) is None:
            return None
        text = self.texts.place
        number = self.pi.add({
            "form": text(found.form), "text": text(found.text), "reveals": text(found.reveals.value),
            "about": found.about, "written_by": found.written_by,
        })  # fmt: skip
        self._known["pi", key] = number
        return number

    def _verdict(self, rollout: str, verifier: str) -> tuple[Problem | None, int]:
        """The problem of a rollout and its verdict's row; -1 where none is kept, since it was an ERROR."""
        row = self._known["rollout", rollout]
        problem_row, completion = self.rollouts.columns["problem"][row], self.rollouts.columns["completion"][row]
        assert isinstance(problem_row, int) and isinstance(completion, int)
        problem = self._problem_of.get(str(self.problems.columns["hash"][problem_row]))
        if problem is None:
            return None, -1
        key = verdict_key(problem, self.texts.at(completion), verifier)
        if (known := self._known.get(("verdict", key))) is not None:
            return problem, known
        data = self.store.verdicts.raw(key)
        number = -1
        if data is not None:
            record, text = data["record"], self.texts.place
            number = self.verdicts.add({
                "status": record["status"], "score": record.get("score", 0.0),
                "answer": -1 if record.get("answer") is None else text(record["answer"]),
                "reason": text(record.get("reason", "")), "diagnostics": text(record.get("diagnostics", "")),
                "verifier": text(verifier), "seconds": round(float(record.get("seconds", 0.0)), 4),
                "paid": text(data["cell"]),
            })  # fmt: skip
        self._known["verdict", key] = number
        return problem, number

    def _note_examples(self, number: int, uses: Sequence[Use]) -> None:
        """Remember what was trained on, by the rollout that it was made from; cells come before their rollouts."""
        for use in uses:
            for key in use.keys if use.kind == "example" else ():
                if (self.share >= 1 or _in_share(key, self.share)) and (data := self.store.examples.raw(key)):
                    record = data["record"]
                    form = self.texts.place(record.get("pi_form", "none"))
                    made: list[JSON] = [number, use.turn, form, record.get("weight", 1.0), record.get("advantage")]
                    rollout = str(record.get("rollout_id", ""))
                    known = self._known.get(("rollout", rollout))
                    if known is None:
                        self._examples.setdefault(rollout, []).append(made)
                    else:
                        listed = self.rollouts.columns["examples"][known]
                        assert isinstance(listed, list)
                        listed.append(made)


def _flips(scores: CellScores) -> dict[str, int]:
    """Problem -> 1 where it was answered better after training than before, -1 where worse, 2 where alike."""
    found = dict[str, int]()
    for problem in scores.problems:
        before, after = problem.base.score, problem.after.score
        if before is not None and after is not None:
            found[problem.id] = 1 if after > before else -1 if after < before else 2
    return found


def _in_share(key: str, share: float) -> bool:
    """Whether a content key falls into a share of all keys; keys are hashes, so this draws evenly."""
    return int(key[:8], 16) < share * 0x1_0000_0000
