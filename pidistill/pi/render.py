"""Where PI is made: the one place that checks what a form needs, and that what comes out is what it declares.

The loop, retries, teachers and the conformance kit all come through here, so a form can take what it declared for
granted, and nothing that a form or a model wrote reaches a prompt without its label: form with settings, problem,
attempt, and who wrote it.
"""

from __future__ import annotations

from dataclasses import replace

from pidistill.contracts import About, Domain, PIForm, WrittenForm
from pidistill.errors import PluginError
from pidistill.parts import spelled
from pidistill.records import PI, Messages, Reveals, Rollout

TELLS_THE_ANSWER = frozenset({Reveals.ANSWER, Reveals.SOLUTION, Reveals.TESTS})
"""What a form that reveals one of these may hold; any other must not hold the reference."""


def render(form: PIForm, about: About) -> PI | None:
    """The PI of `form` about an attempt or a problem, or None where the form lacks what it needs.

    Raises `PluginError` where the form returns something else than it declares.
    """
    if not about.meets(form.needs):
        return None
    pi = form.render(about)
    if pi is None:
        return None
    if not isinstance(pi, PI) or pi.reveals is not form.reveals:
        what = f"reveals {pi.reveals!r}" if isinstance(pi, PI) else f"is a {type(pi).__name__}"
        raise PluginError(
            f"PI form {form.name!r} declares that it reveals {form.reveals!r}, and what it made {what}.",
            "Mend the form, or ask for another one. See: pidistill plugins",
        )
    return _labelled(form, about, pi)


def ask(form: WrittenForm, about: About) -> Messages | None:
    """What the form's role is asked, or None where the form lacks what it needs or has nothing to ask."""
    return form.ask(about) if about.meets(form.needs) else None


def written(form: WrittenForm, about: About, made: Rollout, domain: Domain) -> PI | None:
    """The PI in what a role wrote, or None where it holds none or tells what the form must not reveal."""
    text = form.read(about, made.completion)
    if text is None or not text.strip():
        return None
    if form.reveals not in TELLS_THE_ANSWER and domain.gives_away(about.problem, text):
        return None
    return _labelled(form, about, replace(form.pi(text, made.id), written_by=made.id))


def _labelled(form: PIForm, about: About, pi: PI) -> PI:
    attempt = about.attempt
    return replace(
        pi, form=spelled(form.name, form), problem_id=about.problem.id, about=attempt.rollout.id if attempt else ""
    )
