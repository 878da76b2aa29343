"""A gap is measured with the draws that a run makes, so nothing of it is sampled again; advice has its reasons."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pidistill import loop
from pidistill.cli.main import cli
from pidistill.law.advise import advise
from pidistill.law.configurations import Configuration
from pidistill.law.fit import Law, fit_law
from pidistill.law.gaps import FormGap, Gap, Speaker, difference, path_diversity, share
from pidistill.pilot.measure import Pilot
from pidistill.plugins import get_manager
from pidistill.stats.intervals import Estimate, Interval, t_interval
from pidistill.store.store import Store
from pidistill.verify.pool import VerifierPool
from tests.core.addition import Practice, SkilledEngine, base_model, make_cell, opener

FORMS = ("gold", "bare-retry", "world-feedback", "none")


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(opener(), workers=1) as pool:
        yield pool


def measured(store: Store, pool: VerifierPool, engine: SkilledEngine, problems: int = 25, samples: int = 6) -> Gap:
    cell = make_cell(store, pool, engine, Practice())
    forms = {text: get_manager().pi_form(text) for text in FORMS}
    cell = dataclasses.replace(cell, id="gap", forms={**cell.forms, **forms})
    with store.cell(cell.id, cell.settings()):
        return Pilot(cell, cell.train_problems[:problems], samples).measure(FORMS)


def test_a_teacher_that_knows_more_has_a_gap_and_one_that_sees_nothing_has_none(
    tmp_path: Path, pool: VerifierPool
) -> None:
    with Store(tmp_path / "store") as store:
        gap = measured(store, pool, SkilledEngine(base_model(tmp_path / "model", skill=0.4)), 40, 8)
    gold, retry, feedback, nothing = gap.forms
    assert gold.gap.mean == pytest.approx(0.4, abs=0.1)
    assert gold.net.low > 0
    assert gap.student.interval.low < 0.4 < gap.student.interval.high
    assert gap.resampling.low < 0 < gap.resampling.high
    assert nothing.gap.low < 0 < nothing.gap.high
    assert (gold.reached, nothing.reached) == (40, 40)
    assert 0 < retry.reached < 40, "only where the first attempt failed"
    assert 0 < feedback.reached <= 40
    assert gap.retries == retry.reached
    assert gap.retries_passed / gap.retries == pytest.approx(0.6, abs=0.25)
    assert Gap.from_json(json.loads(json.dumps(gap.to_json()))) == gap


def test_a_run_samples_nothing_again_that_the_gap_has_sampled(tmp_path: Path, pool: VerifierPool) -> None:
    model = base_model(tmp_path / "model")
    alone = SkilledEngine(model)
    with Store(tmp_path / "alone") as store:
        loop.run_cell(make_cell(store, pool, alone, Practice()))
    after = SkilledEngine(model)
    with Store(tmp_path / "store") as store:
        gap = measured(store, pool, SkilledEngine(model))
        loop.run_cell(make_cell(store, pool, after, Practice()))
    before = [r for r in alone.sampled if len(r.messages) == 1]
    kept = len(alone.sampled) - len(after.sampled)
    assert kept == 25 + gap.retries + gap.held_out, "first attempts, retries and the evaluation before"
    assert len(before) > 25
    with Store(tmp_path / "store") as store:
        again = SkilledEngine(model)
        assert measured(store, pool, again) == gap
        assert again.sampled == []


def test_where_a_context_reaches_failures_only_the_plain_gap_holds_resampling(
    tmp_path: Path, pool: VerifierPool
) -> None:
    """The student's samples on problems that it failed are low by selection; the control's are not."""
    with Store(tmp_path / "store") as store:
        gap = measured(store, pool, SkilledEngine(base_model(tmp_path / "model", skill=0.4)), 40, 2)
    retry = gap.forms[1]
    assert retry.gap_reached is not None
    assert retry.net_reached is not None
    assert retry.gap_reached.mean > retry.net_reached.mean + 0.05


def test_outside_its_reach_teacher_and_student_are_one() -> None:
    one, other = {"a": [1.0, 1.0], "b": []}, {"a": [0.0, 1.0], "b": [1.0], "c": [0.0]}
    found = difference(one, other, ["a", "b", "c"], {"a": "a", "b": "b", "c": "c"}, ["a"])
    assert found is not None
    assert found.mean == pytest.approx(0.5 / 3)
    assert difference({}, other, ["a"], {"a": "a"}, []) is None


@given(st.lists(st.text("abc ", max_size=12), max_size=5))
def test_diversity_lies_between_alike_and_nothing_in_common(texts: list[str]) -> None:
    found = path_diversity({"p": texts})
    assert found is None if len(texts) < 2 else 0.0 <= (found or 0.0) <= 1.0
    assert path_diversity({"p": ["x y z", "x y z"]}) == 0.0
    assert path_diversity({"p": ["x y", "u v"], "q": ["x"]}) == 1.0


def pilot(base: float, retries: int, passed: int, gaps: dict[str, tuple[float, str]], frontier: float = 0.5) -> Gap:
    """A measurement that says this."""
    who = Speaker(base, Interval(base - 0.03, base + 0.03), 400, 0, 50.0)

    def around(mean: float) -> Estimate:
        return t_interval(np.clip(mean + 0.05 * np.random.default_rng(0).standard_normal(100), -1, 1), "problems only")

    forms = tuple(
        FormGap(name, reveals, 100, who, around(gap), around(gap), around(gap), around(gap), 20.0)
        for name, (gap, reveals) in gaps.items()
    )
    nothing = dataclasses.replace(around(0.0), low=-0.02, high=0.02)
    return Gap(
        "gap", "math", "m", "r", 0, 100, 1000, 4, who, who, nothing, forms, share(round(500 * base), 500), base, 500,
        retries, passed, share(passed, retries), frontier, 0.5, 10.0, 20_000,
    )  # fmt: skip


def law(noise: float = 0.5, slope: float = 1.5) -> Law:
    rng = np.random.default_rng(1)
    return fit_law(
        [
            Configuration(f"c{i}", g, float(slope * g + noise * rng.standard_normal()), f"f{i % 3}")
            for i, g in enumerate(np.linspace(-2, 12, 15).tolist())
        ]
    )


def first(gap: Gap, fitted: Law | None = None, family: str = "f0") -> tuple[str, str]:
    option = advise(gap, fitted, family=family).options[0]
    assert option.reasons
    return option.what, option.with_form


def test_what_is_advised_follows_from_baseline_retries_and_prediction() -> None:
    gold = {"gold": (0.08, "answer")}
    assert first(pilot(0.4, 60, 20, gold)) == ("retry", "bare-retry")
    assert first(pilot(0.9, 60, 20, gold))[0] == "nothing"
    assert first(pilot(0.9, 60, 20, gold), law()) == ("opsd", "gold")
    assert first(pilot(0.9, 60, 20, gold), law(slope=0.0))[0] == "nothing", (
        "a law that predicts nothing advises nothing"
    )
    assert first(pilot(0.4, 60, 0, {"first-step": (0.08, "structure")})) == ("structural PI", "first-step")
    assert first(pilot(0.03, 97, 0, {"gold": (0.0, "answer")}, frontier=0.2)) == ("RLVR first", "")
    assert first(pilot(0.0, 97, 0, {"gold": (0.0, "answer")}, frontier=0.0))[0] == "nothing"


def test_a_prediction_says_where_it_goes_beyond_the_law() -> None:
    gap = pilot(0.4, 60, 20, {"gold": (0.08, "answer"), "solution": (0.5, "solution")})
    inside, beyond = advise(gap, law(), family="f0").predictions
    assert inside.outside == ""
    assert inside.improvement == pytest.approx(12, abs=1.0)
    assert inside.interval is not None
    assert inside.interval.low < 12 < inside.interval.high
    assert "outside the" in beyond.outside
    (stranger, _) = advise(gap, law(), family="unheard of").predictions
    assert "family" in stranger.outside
    (unknown, _) = advise(gap, None).predictions
    assert (unknown.improvement, unknown.interval) == (None, None)


def test_a_domain_that_the_law_has_not_seen_is_said_to_be_so() -> None:
    gap = pilot(0.4, 60, 20, {"gold": (0.08, "answer")})
    of_code = dataclasses.replace(
        law(), configurations=tuple(dataclasses.replace(c, domain="code") for c in law().configurations)
    )
    (told,) = advise(gap, of_code, family="f0").predictions
    assert "its domain" in told.outside
    of_its_own = dataclasses.replace(
        of_code, configurations=tuple(dataclasses.replace(c, domain=gap.domain) for c in law().configurations)
    )
    (told,) = advise(gap, of_its_own, family="f0").predictions
    assert told.outside == ""


def test_a_law_that_knows_other_bases_only_through_forms_of_the_same_base_advises_nothing() -> None:
    rng, found = np.random.default_rng(4), []
    for base, (gap, gain) in enumerate(((0.0, 1.0), (2.0, 0.5), (1.0, 0.0), (12.0, 24.0))):
        for form in range(6):
            found.append(Configuration(f"{form} / {base}", gap + float(rng.normal(0, 0.3)),
                                       gain + float(rng.normal(0, 0.3)), model=f"base {base}"))  # fmt: skip
    fitted = fit_law(found)
    assert fitted.by_configuration.better == "better", "its siblings say what a configuration comes to"
    assert fitted.by_model is not None and fitted.judged_by.better != "better"
    assert first(pilot(0.9, 60, 20, {"gold": (0.08, "answer")}), fitted)[0] == "nothing"


def test_costs_come_from_the_pilots_own_lengths() -> None:
    retry = next(o for o in advise(pilot(0.4, 60, 20, {}), None).options if o.what == "retry")
    assert retry.cost is not None
    assert retry.cost.generated == 1000 * 50 + 600 * 50 + 2 * 500 * 50
    assert retry.cost.hours == pytest.approx(retry.cost.generated / 2000 / 3600)


def test_the_commands_pass_a_gap_and_a_law_on_to_a_prediction(tmp_path: Path) -> None:
    rows = "".join(f"c{i},f{i % 3},{i},{1.5 * i + (i * 7 % 5) / 5}\n" for i in range(12))
    (tmp_path / "c.csv").write_text(f"label,family,gap,improvement\n{rows}")
    gap = pilot(0.4, 60, 20, {"gold": (0.08, "answer")})
    (tmp_path / "gap.json").write_text(json.dumps(gap.to_json()))
    run = CliRunner()
    fitted = run.invoke(
        cli, ["law", str(tmp_path / "c.csv"), "--out", str(tmp_path / "law.json"), "--plot", str(tmp_path / "law.svg")]
    )
    assert fitted.exit_code == 0, fitted.output
    assert "predicts better than the mean of the others" in " ".join(fitted.output.split())
    said = run.invoke(cli, ["predict", "--gap", str(tmp_path / "gap.json"), "--law", str(tmp_path / "law.json")])
    assert said.exit_code == 0, said.output
    assert "try first" in said.output
    (tmp_path / "bad.json").write_text("{}")
    bad = run.invoke(cli, ["predict", "--gap", str(tmp_path / "bad.json")])
    assert "bad.json: not a gap that can be read" in str(bad.exception)


@pytest.mark.slow
def test_what_was_predicted_stands_beside_what_training_came_to(tmp_path: Path) -> None:
    few = ["data.train.limit=24", "data.evaluate.limit=24", "train.steps=2", "train.batch_size=4", "model.threads=1",
           "verify.workers=1", "train.refresh_every=1"]  # fmt: skip
    sets = [word for one in few for word in ("--set", one)]
    store, gap, fitted = str(tmp_path / "store"), str(tmp_path / "gap.json"), tmp_path / "law.json"
    fitted.write_text(json.dumps(law().to_json()))
    run, common = CliRunner(), ["--domain", "math", "--store", store, *sets]

    def did(*words: str) -> str:
        done = run.invoke(cli, [*words])
        assert done.exit_code == 0, done.output + str(done.exception)
        return done.output

    did("gap", *common, "--form", "gold", "--form", "first-step", "--problems", "8", "--samples", "1", "--out", gap)
    before = did("predict", "--gap", gap, "--law", str(fitted), "--store", store)
    assert "holds no finished run" in " ".join(before.split())
    did("run", "opsd", "rejection", *common, "--seeds", "0,1")
    after = json.loads(did("predict", "--gap", gap, "--law", str(fitted), "--store", store, "--json"))
    (outcome,) = after["outcomes"]  # rejection distils nothing
    assert (outcome["form"], outcome["arm"], outcome["seeds"]) == ("gold", "opsd", [0, 1])
    predicted = next(one for one in after["predictions"] if one["form"] == "gold")
    assert outcome["predicted"] == predicted["improvement"]
    assert outcome["interval"]["low"] <= outcome["improvement"] <= outcome["interval"]["high"]
    shown = did("predict", "--gap", gap, "--law", str(fitted), "--store", store)
    assert "Predicted before, measured after" in shown
    did("gap", *common, "--form", "gold", "--form", "first-step", "--problems", "8", "--samples", "1")  # into the store
    did("report", "--store", store, "--out", str(tmp_path / "report"))
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "The predictive law" in page and "No line: 1 arms with a gap" in page
    missing = run.invoke(cli, ["predict", "--gap", gap, "--store", str(tmp_path / "none")])
    assert "there is no such folder" in str(missing.exception)
