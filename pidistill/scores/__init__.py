"""Figures that were measured elsewhere: typed in from a paper, or written by lm-eval or Inspect.

`sheet` is what a file of them says, `read` reads it, `harness` knows the logs of evaluation harnesses, `analyse` puts
the same questions to them as to the project's own cells, and `table` lays out the answers. What `pidistill stats`
prints. Where scores come by item, `stats.compare` answers; nothing is computed twice here.
"""
