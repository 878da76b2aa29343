"""A world in miniature for tests of the loop: a domain of sums, an engine of known skill, an objective that learns.

Everything but the model is real: store, verification pool, PI forms, the loop. The model is a number, its skill: the
probability of a right sum, raised by being told of a failure and more by being told the answer. It is written to a
checkpoint and read back, so what the loop does with weights is exercised; and each draw depends on its request alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pidistill.cell import STUDENT, Cell, Speaker
from pidistill.config import RunConfig
from pidistill.contracts import (
    DataSource,
    Domain,
    Generation,
    Objective,
    Request,
    Sandbox,
    Trained,
    TrainJob,
    Verifier,
)
from pidistill.contracts.engine import silent
from pidistill.plugins import get_manager
from pidistill.progress import Quiet
from pidistill.recipes import run_config
from pidistill.records import JSON, Message, Messages, ModelRef, Problem, Status, Verdict, content_hash
from pidistill.store.store import Store
from pidistill.verify.opener import Opener
from pidistill.verify.pool import VerifierPool

TRAIN, HELD_OUT = range(1, 41), range(100, 130)


class AdditionVerifier(Verifier):
    """Passes a completion that is the reference number."""

    name = "addition"
    version = "1"

    def verify(self, problem: Problem, completion: str) -> Verdict:
        if not completion.strip():
            return Verdict(Status.NO_ANSWER)
        right = completion.strip() == problem.reference
        return Verdict(Status.PASS if right else Status.FAIL, float(right), completion.strip())


class Ailing(AdditionVerifier):
    """Raises for the sums that a file lists: an outage, and no other verifier."""

    def __init__(self, options: Mapping[str, JSON]) -> None:
        self.sums = Path(str(options["sums"]))

    def verify(self, problem: Problem, completion: str) -> Verdict:
        if problem.prompt in self.sums.read_text().split():
            raise RuntimeError("the lights went out")
        return super().verify(problem, completion)


class Addition(Domain):
    """Sums n+n, numbered by n."""

    name = "addition"

    def datasets(self) -> Mapping[str, str]:
        return {"sums": "n + n"}

    def problems(self, source: DataSource) -> Iterator[Problem]:
        for n in TRAIN if source.split == "train" else HELD_OUT:
            solution = f"Add the number to itself.\nThat is {n + n}."
            yield Problem(f"{source.split}-{n}", self.name, f"{n}+{n}", str(n + n), solution, level=1 + n % 3)

    def prompt(self, problem: Problem) -> Messages:
        return (Message("user", problem.prompt),)

    def open_verifier(self, config: Mapping[str, JSON], sandbox: Sandbox | None = None) -> Verifier:
        return AdditionVerifier()

    def oracle(self, problem: Problem) -> str | None:
        return problem.reference


class SkilledEngine:
    """Adds correctly with the probability that the model's checkpoint says."""

    name = "skilled"

    def __init__(self, model: ModelRef, batch_size: int = 7) -> None:
        self._model = self.base = model
        self.batch_size = batch_size
        self.sampled: list[Request] = []
        self.before_batch: Callable[[], None] = lambda: None

    @property
    def model(self) -> ModelRef:
        return self._model

    def identity(self) -> Mapping[str, JSON]:
        return {}

    def generate(
        self, requests: Sequence[Request], tell: Callable[[int], None] = silent
    ) -> Iterator[Sequence[tuple[int, Generation]]]:
        skill = json.loads((Path(self._model.base) / "config.json").read_text())["skill"]
        for start in range(0, len(requests), self.batch_size):
            self.before_batch()
            batch = requests[start : start + self.batch_size]
            self.sampled += batch
            yield [(start + i, self._answer(request, skill)) for i, request in enumerate(batch)]

    def _answer(self, request: Request, skill: float) -> Generation:
        rng = random.Random(content_hash(self._model.revision, request.sampling.to_json(), request.messages[0].content))
        text, n = request.messages[-1].content, int(request.messages[0].content.split("+")[0])
        bonus = 0.4 if "correct answer" in text else 0.2 if "wrong" in text else 0.0
        completion = str(n + n) if rng.random() < skill + bonus else str(rng.choice(["", n, n + n + 1, -n]))
        ids = tuple(completion.encode()) + (0,)
        return Generation(completion, ids, (-0.1,) * len(ids), len(request.messages), False)

    def refresh(self, model: ModelRef) -> None:
        self._model = model

    def close(self) -> None:
        pass


class Practice(Objective):
    """Raises the skill by a step per hundred examples; on policy when told so."""

    name = "practice"

    def __init__(self, on_policy: bool = False) -> None:
        self.on_policy = on_policy  # type: ignore[misc]
        self.jobs: list[TrainJob] = []

    def train(self, job: TrainJob) -> Trained:
        self.jobs.append(job)
        skill = json.loads((Path(job.model.base) / "config.json").read_text())["skill"]
        write_model(job.out_dir, min(0.9, skill + len(job.examples) / 400))
        tokens = sum(len(example.token_ids) for example in job.examples)
        steps = -(-len(job.examples) // job.config.batch_size) if self.on_policy else 1
        return Trained(False, steps, tokens, 2 * tokens, {"loss_last": 1.0})


def write_model(folder: Path, skill: float) -> None:
    """A checkpoint that holds nothing but a skill."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"skill": skill}))
    (folder / "model.safetensors").write_bytes(repr(skill).encode())


def base_model(folder: Path, skill: float = 0.4) -> ModelRef:
    write_model(folder, skill)
    return ModelRef(str(folder), f"skill-{skill}")


def opener() -> Opener:
    return Opener("addition", factory="tests.core.addition:Addition")


def make_cell(
    store: Store, pool: VerifierPool, engine: SkilledEngine, objective: Objective, recipe: str = "retry", *,
    seed: int = 0, sets: Sequence[str] = (), objectives: Mapping[str, Objective] = MappingProxyType({}),
    speakers: Mapping[str, Speaker] = MappingProxyType({}),
) -> Cell:  # fmt: skip
    """A cell of `recipe` on sums."""
    config: RunConfig = run_config(recipe, "addition", sets=["sampling.max_tokens=8", "evaluate.max_tokens=8", *sets])
    domain = Addition()
    manager, stages = get_manager(), config.stages
    forms = {s.rollouts.retry_form for s in stages} | {s.rollouts.first_form for s in stages}
    forms |= {s.examples.teacher_form for s in stages} | {s.examples.contrast_form for s in stages}
    return Cell(
        id=config.cell_id(seed), config=config, seed=seed, base=engine.base,
        train_problems=tuple(domain.problems(DataSource(split="train"))),
        held_out=tuple(domain.problems(DataSource(split="test"))), domain=domain, pool=pool,
        speakers={STUDENT: Speaker(engine), **speakers},
        objectives={s.train.objective: objectives.get(s.train.objective, objective) for s in stages},
        forms={text: manager.pi_form(text) for text in forms if text},
        selectors={s.examples.keep: manager.selector(s.examples.keep) for s in stages},
        store=store, progress=Quiet(), observe=lambda hook, **_: None, packages={},
    )  # fmt: skip
