"""The Lean 4 domain: theorems, proved where the kernel of Lean says so.

This module only registers; `domain` reads problems, `verifier` judges completions, `runtimes` run Lean, `pi` makes
privileged information.
"""

from __future__ import annotations

from pidistill.authoring.recipes import recipe_specs
from pidistill.contracts import Spec
from pidistill.hookspecs import hookimpl


@hookimpl
def pidistill_register_domains() -> list[Spec]:
    """The one domain of this distribution."""
    return [Spec("lean", "Lean 4 theorems, judged by the kernel.", "pidistill_lean.domain:LeanDomain")]


@hookimpl
def pidistill_register_commands() -> list[Spec]:
    """`pidistill lean setup` and `pidistill lean check`."""
    return [Spec("lean", "Set up and look at the Lean runtimes.", "pidistill_lean.command:command")]


@hookimpl
def pidistill_register_recipes() -> list[Spec]:
    """The arms that are about this domain; those about none in particular are the core's."""
    return recipe_specs("pidistill_lean.recipes")
