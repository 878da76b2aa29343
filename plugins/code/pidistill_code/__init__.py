"""The code domain: Python functions and programs, judged by tests that the candidate's process never sees.

This module only registers; `domain` reads problems, `verifier` judges completions, `pi` makes privileged information.
"""

from __future__ import annotations

from pidistill.authoring.recipes import recipe_specs
from pidistill.contracts import Spec
from pidistill.hookspecs import hookimpl


@hookimpl
def pidistill_register_domains() -> list[Spec]:
    """The one domain of this distribution."""
    return [Spec("code", "Python code, tested from outside its sandbox.", "pidistill_code.domain:CodeDomain")]


@hookimpl
def pidistill_register_recipes() -> list[Spec]:
    """The arms that are about this domain; those about none in particular are the core's."""
    return recipe_specs("pidistill_code.recipes")
