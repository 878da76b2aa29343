"""Which problems are one template: equal but for their numbers, or declared to belong together.

Twenty sums with other numbers are one observation of 'can it add', twenty times over. Statistics that count them as
twenty find effects that are not there, so they are resampled together (`intervals.two_way`). A data set says so itself
with a field `cluster` in a problem's extra fields; else the text decides. What a generator drew is another matter:
where it is the generator's problems that are asked about, each draw is independent of the others, alike or not.
"""

from __future__ import annotations

import re
import unicodedata

from pidistill.records import Problem, content_hash

DECLARED = "cluster"
"""The extra field in which a data set names a problem's cluster."""
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?")
_SIGN = re.compile(r"(^|[(\[{=,<>:;+*/^−-])[-+−](?=#)")


def template(text: str) -> str:
    """`text` with every number replaced by `#`, case, width and white space aside."""
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return _SIGN.sub(r"\1", _NUMBER.sub("#", plain))


def cluster_of(problem: Problem, independent: bool = False) -> str:
    """The name of the problem's cluster: the declared one, else itself where it was drawn independently of the others,
    else its template's hash."""
    declared = problem.extra.get(DECLARED)
    if declared is not None:
        return f"declared:{declared}"
    if independent:
        return problem.id
    return content_hash(problem.domain, template(problem.prompt))[:12]
