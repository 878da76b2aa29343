"""The law on configurations of known truth: slope, intercept and held-out error are recovered, and luck is no law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pidistill.errors import DataError, PidistillError
from pidistill.law.configurations import Configuration, read_configurations
from pidistill.law.fit import Law, fit_law, line
from pidistill.law.picture import draw_law
from pidistill.pilot.table import statements


def configurations(
    rng: np.random.Generator, n: int = 16, slope: float = 1.5, intercept: float = -1.0, noise: float = 1.0,
    families: int = 4, family_sd: float = 0.0,
) -> list[Configuration]:  # fmt: skip
    gaps, shift = rng.uniform(-2, 12, n), family_sd * rng.standard_normal(families)
    return [
        Configuration(
            f"c{i}", float(gap), float(intercept + slope * gap + shift[i % families] + noise * rng.standard_normal()),
            f"family {i % families}", {"context_tokens": float(rng.integers(10, 400)), "steps": 50.0},
        )
        for i, gap in enumerate(gaps)
    ]  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 20))
def test_the_line_is_scipys(seed: int, n: int) -> None:
    found = configurations(np.random.default_rng(seed), n)
    ours = line(found)
    reference = stats.linregress([c.gap for c in found], [c.improvement for c in found])
    assert (ours.slope, ours.intercept, ours.r2) == pytest.approx(
        (reference.slope, reference.intercept, reference.rvalue**2)
    )
    t = stats.t.ppf(0.975, n - 2)
    assert ours.slope_interval.high - ours.slope == pytest.approx(t * reference.stderr)
    assert ours.intercept_interval.high - ours.intercept == pytest.approx(t * reference.intercept_stderr)


def test_slope_and_intercept_are_recovered_and_their_intervals_cover() -> None:
    rng, runs, covered = np.random.default_rng(1), 300, np.zeros(3)
    for _ in range(runs):
        *others, new = configurations(rng, 13)
        fit = line(others)
        predicted = fit.predict(new.gap)
        covered += [
            fit.slope_interval.low <= 1.5 <= fit.slope_interval.high,
            fit.intercept_interval.low <= -1.0 <= fit.intercept_interval.high,
            predicted.low <= new.improvement <= predicted.high,
        ]
    assert (covered / runs > 0.91).all()
    assert (covered / runs < 0.985).all()


def test_the_held_out_error_is_that_of_new_configurations() -> None:
    rng, said, true = np.random.default_rng(2), [], []
    for _ in range(100):
        everything = configurations(rng, 36)
        law = fit_law(everything[:16])
        said.append(law.by_configuration.law_rmse)
        true.append(np.sqrt(np.mean([(law.pooled.at(c.gap) - c.improvement) ** 2 for c in everything[16:]])))
    assert np.mean(said) == pytest.approx(np.mean(true), rel=0.06)


def test_a_law_is_said_to_predict_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    laws = [fit_law(configurations(rng)) for _ in range(40)]
    assert sum(law.by_configuration.better == "better" for law in laws) >= 38
    assert "predicts better than the mean" in laws[0].by_configuration.sentence
    noise = [fit_law(configurations(rng, slope=0.0)) for _ in range(100)]
    assert sum(law.by_configuration.better == "better" for law in noise) <= 5
    fits = [law.pooled.r2 for law in (fit_law(configurations(rng, 4, slope=0.0, families=1)) for _ in range(100))]
    assert np.mean(np.array(fits) > 0.5) > 0.2, "R^2 of four points is no evidence"


def test_families_that_differ_are_seen_when_one_is_left_out() -> None:
    law = fit_law(configurations(np.random.default_rng(4), 24, noise=0.3, family_sd=6.0))
    assert law.by_family is not None
    assert law.by_family.law_rmse > 1.2 * law.by_configuration.law_rmse
    alike = fit_law(configurations(np.random.default_rng(4), 24, noise=0.3))
    assert alike.by_family is not None
    assert alike.by_family.law_rmse < 1.3 * alike.by_configuration.law_rmse
    few = fit_law(configurations(np.random.default_rng(4), 12, families=2))
    assert few.by_family is None


def test_each_family_gets_a_line_of_its_own_where_it_has_the_points() -> None:
    law = fit_law(configurations(np.random.default_rng(5), 20))
    assert [own.name for own in law.families] == [f"family {i}" for i in range(4)]
    own = law.of_family("family 2")
    assert own is not None
    assert own.n == 5
    assert law.of_family("another") is None


def test_a_confounder_that_carries_the_gap_is_shown_to() -> None:
    rng = np.random.default_rng(6)
    length = rng.uniform(10, 400, 20)
    made = [
        Configuration(f"c{i}", 0.02 * tokens + 1.5 * float(rng.standard_normal()),
                      0.05 * tokens + float(rng.standard_normal()), "f", {"context_tokens": float(tokens)})
        for i, tokens in enumerate(length)
    ]  # fmt: skip
    (found,) = fit_law(made).confounders
    assert found.with_gap > 0.7
    assert found.alone_rmse < fit_law(made).by_configuration.law_rmse
    assert found.slope_interval is not None
    assert found.slope_interval.low < 0 < found.slope_interval.high
    (harmless,) = fit_law(configurations(rng, 20)).confounders
    assert harmless.slope == pytest.approx(1.5, abs=0.3)


def test_a_gap_that_is_not_known_exactly_widens_the_prediction() -> None:
    fit = line(configurations(np.random.default_rng(7)))
    sharp, blurred = fit.predict(5.0), fit.predict(5.0, gap_se=3.0)
    assert blurred.high - blurred.low > sharp.high - sharp.low
    far = fit.predict(50.0)
    assert far.high - far.low > 2 * (sharp.high - sharp.low)


def test_the_law_survives_json_and_its_picture_is_the_same_twice() -> None:
    law = fit_law(configurations(np.random.default_rng(8)))
    assert Law.from_json(law.to_json()) == law
    assert draw_law(law, "svg") == draw_law(law, "svg")
    assert b"<svg" in draw_law(law, "svg")
    with pytest.raises(PidistillError, match=r"svg or png"):
        draw_law(law, "pdf")


def test_too_few_or_equal_gaps_are_no_law() -> None:
    with pytest.raises(DataError, match="at least 4"):
        fit_law(configurations(np.random.default_rng(9), 3))
    with pytest.raises(DataError, match="same gap"):
        fit_law([Configuration(f"c{i}", 1.0, float(i)) for i in range(5)])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "label,gap,improvement\na,1,two\n", "configuration 1: improvement 'two' is no number"),
        ("x.csv", "label,gap\na,1\n", "no 'improvement'"),
        ("x.csv", "label,gap,improvment\na,1,2\n", "Did you mean 'improvement'"),
        ("x.csv", "label,gap,improvement\na,1,2\na,1,3\n", "'a' is there twice"),
        ("x.csv", "label,gap,improvement\n", "no configurations"),
        ("x.csv", "label,gap,improvement\na,nan,3\n", "gap is nan"),
        ("x.toml", 'unit = "percent"\n', "unit is 'percent'"),
        ("x.jsonl", "[1]\n", "expected an object"),
    ],
)
def test_what_is_no_configuration_is_named_with_file_and_column(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PidistillError) as caught:
        read_configurations(tmp_path / name)
    assert message in str(caught.value)
    assert name in str(caught.value)


def test_fractions_are_points_where_the_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(
        'unit = "fraction"\n[[configurations]]\nform="gold"\nmodel="m"\ngap=0.05\nimprovement=0.1\nsteps=50'
    )
    (found,) = read_configurations(file)
    assert (found.label, found.family, found.gap, found.improvement) == ("gold / m", "m", 5.0, 10.0)
    assert found.confounders == {"steps": 50.0}


def test_a_domain_is_predicted_from_the_others() -> None:
    rng = np.random.default_rng(11)
    alike = [replace(c, domain=("x", "y", "z")[i % 3]) for i, c in enumerate(configurations(rng, 24))]
    law = fit_law(alike)
    assert [own.name for own in law.domains] == ["x", "y", "z"]
    held = law.by_domain
    assert held is not None and held.labels == tuple(c.label for name in "xyz" for c in alike if c.domain == name)
    without_x = line([c for c in alike if c.domain != "x"])
    assert held.law[:8] == pytest.approx([without_x.at(c.gap) for c in alike if c.domain == "x"])
    assert held.law_rmse < held.mean_rmse
    shifted = [replace(c, improvement=c.improvement + 40.0 * (c.domain == "z")) for c in alike]
    other = fit_law(shifted).by_domain
    assert other is not None and other.law_rmse > 10 * held.law_rmse
    assert Law.from_json(law.to_json()) == law


def test_one_domain_says_that_the_law_cannot_carry() -> None:
    law = fit_law(configurations(np.random.default_rng(12)))
    assert law.by_domain is None and law.domains == ()
    assert any("One domain" in said for said in statements(law))
