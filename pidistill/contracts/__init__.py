"""The contracts between the core and whatever plugs into it. A plugin author reads this package and `records.py`.

Hooks (`hookspecs.py`) only hand over `Spec`s; all work is done by the objects that a spec's factory makes, and those
objects satisfy one of the classes here. Nothing in this package does any work, and importing it is cheap.
"""

from pidistill.contracts.domain import Case, DataSource, Domain, Embedded, Part
from pidistill.contracts.engine import Engine, Generation, Request
from pidistill.contracts.objective import Objective, Trained, TrainJob
from pidistill.contracts.pi import About, Needs, PIForm, WrittenForm
from pidistill.contracts.select import Choice, Group, Selector, pass_rate
from pidistill.contracts.spec import API, Spec
from pidistill.contracts.verifier import Sandbox, Verifier

__all__ = [
    "API", "About", "Case", "Choice", "DataSource", "Domain", "Embedded", "Engine", "Generation", "Group", "Needs",
    "Objective", "PIForm", "Part", "Request", "Sandbox", "Selector", "Spec", "TrainJob", "Trained", "Verifier",
    "WrittenForm", "pass_rate",
]  # fmt: skip
