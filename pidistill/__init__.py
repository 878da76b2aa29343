"""pidistill: which privileged information makes a language model better, and is the gain real?

The core loop is `pidistill.loop`: rollout -> verify -> construct feedback / PI -> train. Domains, engines, sandboxes,
PI forms and objectives plug in through `pidistill.hookspecs`; what they must satisfy is `pidistill.contracts`, and what
flows between them is `pidistill.records`. Importing this package imports none of the heavy parts.
"""

from pidistill.hookspecs import hookimpl

__version__ = "0.2.0"
__all__ = ["__version__", "hookimpl"]
