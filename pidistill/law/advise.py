"""From a gap, and a law where there is one, to a prediction and to advice with its reasons and costs.

The advice is rules, not a model: each names the numbers that it rests on. Their thresholds are the seeds' (retry gains
most at a baseline of 30 to 55 %, little below 10 or above 65 %) and no more certain than those: seed 002's inverted U
has eight points, one seed each. What is advised is what to try first, and the table beside it says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pidistill.law.fit import Law
from pidistill.law.gaps import FormGap, Gap
from pidistill.records import Record
from pidistill.stats.intervals import Interval

BAND = (0.30, 0.55)
"""Seed 002's sweet spot of the baseline."""
TOO_HARD, TOO_EASY = 0.10, 0.65
"""Below, correct retries are too few; above, little is left to learn from one."""
ENOUGH_RETRIES = 0.05
"""Share of failures that a retry must mend, at the lower end of its interval, to be worth training on."""
STRUCTURE = frozenset({"structure", "diagnostic", "tests"})
"""What a structural form reveals."""
What = Literal["retry", "opsd", "structural PI", "RLVR first", "nothing"]


@dataclass(frozen=True)
class Prediction(Record):
    """What the law says of distillation from one form."""

    form: str
    gap: float
    """In percentage points."""
    gap_interval: Interval
    improvement: float | None
    """None without a law."""
    interval: Interval | None
    """Of a new configuration, the gap's own uncertainty counted."""
    outside: str
    """How the configuration lies outside what the law was fitted on; empty where it does not."""


@dataclass(frozen=True)
class Cost(Record):
    """What a run of one seed is expected to take, from the pilot's own lengths."""

    generated: int
    """Completion tokens, evaluation included."""
    trained: int
    """Completion tokens in the loss."""
    hours: float | None
    """Of generation, at the pilot's own speed; None where the pilot took its rollouts from the store."""


@dataclass(frozen=True)
class Option(Record):
    """One thing that could be done."""

    what: What
    with_form: str
    advised: bool
    reasons: tuple[str, ...]
    cost: Cost | None


@dataclass(frozen=True)
class Advice(Record):
    """Predictions for every form, and options with the one to try first in front."""

    predictions: tuple[Prediction, ...]
    options: tuple[Option, ...]
    warnings: tuple[str, ...]


def advise(gap: Gap, law: Law | None, *, family: str = "", steps: int = 200, batch: int = 16) -> Advice:
    """Predictions and advice. `steps` and `batch` are those of the distillation that is thought of."""
    predictions = tuple(_prediction(form, law, family, gap.domain) for form in gap.forms)
    options = [_retry(gap), *_distil(gap, predictions, law, steps, batch), _structural(gap), _rlvr(gap)]
    found = [option for option in options if option is not None]
    if not any(option.advised for option in found):
        found.append(Option("nothing", "", True, tuple(_why_nothing(gap)), None))
    order = sorted(found, key=lambda option: not option.advised)
    return Advice(predictions, tuple(order), tuple(_warnings(gap, law)))


def _prediction(form: FormGap, law: Law | None, family: str, domain: str) -> Prediction:
    measured, interval = 100 * form.gap.mean, Interval(100 * form.gap.low, 100 * form.gap.high)
    if law is None:
        return Prediction(form.form, measured, interval, None, None, "")
    own = law.of_family(family) if family else None
    line, outside, widest = own or law.pooled, [], 0.0
    if not line.gap_low <= measured <= line.gap_high:
        outside.append(
            f"its gap is outside the {line.gap_low:.1f} to {line.gap_high:.1f} pp that the law was fitted on"
        )
    if own is None and family not in {c.family for c in law.configurations}:
        outside.append("its family of models is not among those that the law was fitted on")
        widest = law.by_family.law_rmse if law.by_family is not None else 0.0
    known = {c.domain for c in law.configurations} - {""}
    if known and domain not in known:
        outside.append("its domain is not among those that the law was fitted on")
        widest = max(widest, law.by_domain.law_rmse if law.by_domain is not None else 0.0)
    at = line.at(measured)
    predicted = line.predict(measured, 100 * form.gap.se, widest=widest)
    return Prediction(form.form, measured, interval, at, predicted, " and ".join(outside))


def _base(gap: Gap) -> float:
    return gap.student.rate if gap.baseline_rate is None else gap.baseline_rate


def _band(gap: Gap) -> str:
    base, where = _base(gap), "inside"
    if base < BAND[0]:
        where = "below"
    elif base > BAND[1]:
        where = "above"
    return f"baseline {100 * base:.1f} % is {where} the band of {100 * BAND[0]:.0f} to {100 * BAND[1]:.0f} %"


def _retry(gap: Gap) -> Option:
    rate = gap.retries_passed / gap.retries if gap.retries else 0.0
    fresh = (1 - gap.student.rate) * rate
    reasons = [
        _band(gap),
        f"{gap.retries_passed} of {gap.retries} bare retries passed ({100 * gap.retry_yield.low:.0f} to "
        f"{100 * gap.retry_yield.high:.0f} %): about {fresh * gap.train_problems:.0f} new examples from "
        f"{gap.train_problems} problems",
    ]
    if gap.diversity is not None:
        reasons.append(f"path diversity {gap.diversity:.2f}")
    advised = TOO_HARD <= _base(gap) <= TOO_EASY and gap.retry_yield.low >= ENOUGH_RETRIES
    first, again = gap.student.tokens, gap.student.tokens
    failed = 1 - gap.student.rate
    generated = gap.train_problems * (first + failed * again) + 2 * gap.held_out * first
    trained = gap.train_problems * (gap.student.rate + fresh) * first
    return Option("retry", "bare-retry", advised, tuple(reasons), _cost(gap, generated, trained))


def _distil(gap: Gap, predictions: tuple[Prediction, ...], law: Law | None, steps: int, batch: int) -> list[Option]:
    options = []
    placebos = {form.placebo_for: form for form in gap.forms if form.placebo_for}
    for form, prediction in zip(gap.forms, predictions, strict=True):
        if form.placebo_for or form.teacher is None:
            continue
        shown = form.net.low > 0
        reasons = [
            f"gap {_pp(form.gap.mean)} pp ({_pp(form.gap.low)} to {_pp(form.gap.high)}), over resampling "
            f"{_pp(form.net.mean)} ({_pp(form.net.low)} to {_pp(form.net.high)}), on {form.reached} of {gap.problems}",
        ]
        placebo = placebos.get(form.form.partition(":")[0])
        if placebo is not None:
            reasons.append(f"its placebo {placebo.form} has a gap of {_pp(placebo.net.mean)} pp over resampling")
        better = law is not None and law.judged_by.better == "better"
        if prediction.interval is not None and prediction.improvement is not None:
            reasons.append(
                f"predicted {prediction.improvement:+.1f} pp ({prediction.interval.low:+.1f} to "
                f"{prediction.interval.high:+.1f})"
            )
        if law is None:
            reasons.append("no law was given, so what a gap is worth after training is not known")
        elif not better:
            reasons.append("the law is not shown to predict better than the mean of the others")
        certain = prediction.interval is not None and prediction.interval.low > 0
        advised = shown and better and certain and not prediction.outside
        tokens = gap.student.tokens
        generated = steps * batch * tokens + 2 * gap.held_out * tokens
        cost = _cost(gap, generated, steps * batch * tokens)
        options.append(Option("opsd", form.form, advised, tuple(reasons), cost))
    return sorted(options, key=lambda option: not option.advised)


def _structural(gap: Gap) -> Option | None:
    """PI that shows the way and not the end, where bare retries do not find it."""
    forms = [form for form in gap.forms if form.reveals in STRUCTURE and form.teacher is not None]
    if not forms:
        return None
    best = max(forms, key=lambda form: form.net.mean)
    advised = best.net.low > 0 and gap.retry_yield.low < ENOUGH_RETRIES
    reasons = (
        f"{best.form} is worth {_pp(best.net.mean)} pp over resampling ({_pp(best.net.low)} to {_pp(best.net.high)})",
        f"bare retry mends {100 * gap.retry_yield.low:.0f} to {100 * gap.retry_yield.high:.0f} % of failures",
    )
    return Option("structural PI", best.form, advised, reasons, None)


def _rlvr(gap: Gap) -> Option:
    """Reward first, where retries find too little and some problems are solved sometimes."""
    reasons = (
        _band(gap),
        f"{100 * gap.frontier:.0f} % of pilot problems are solved sometimes, not always: what a reward can tell apart",
    )
    advised = _base(gap) < TOO_HARD and gap.frontier >= 0.05
    return Option("RLVR first", "", advised, reasons, None)


def _why_nothing(gap: Gap) -> list[str]:
    reasons = [_band(gap)]
    if _base(gap) > TOO_EASY:
        reasons.append("little is left to learn here: take harder problems")
    if _base(gap) < TOO_HARD:
        reasons.append("almost nothing passes: take easier problems, or a stronger model to begin with")
    reasons.append("no option's own condition is met; the reasons stand beside each")
    return reasons


def _warnings(gap: Gap, law: Law | None) -> list[str]:
    found = []
    if gap.resampling.low > 0 or gap.resampling.high < 0:
        found.append(
            f"The student sampled again differs from itself by {_pp(gap.resampling.mean)} pp: by chance one time in "
            "twenty, else the sampling is not what it should be."
        )
    outside = gap.student.unjudged + gap.control.unjudged + sum(f.teacher.unjudged for f in gap.forms if f.teacher)
    if outside:
        found.append(f"{outside} samples could not be judged (ERROR or ABSTAIN) and are in no rate.")
    if law is not None and law.judged_by.better != "better":
        found.append(law.by_configuration.sentence)
    return found


def _cost(gap: Gap, generated: float, trained: float) -> Cost:
    speed = gap.tokens_made / gap.seconds if gap.tokens_made and gap.seconds > 0 else None
    return Cost(round(generated), round(trained), None if speed is None else generated / speed / 3600)


def _pp(fraction: float) -> str:
    text = f"{100 * fraction:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text
