"""The law at work on one model: what a gap is before training, what is said of it, and what training came to.

`measure` gets a gap from a pilot sample through the loop's own arrows, `outcomes` finds the runs that a gap speaks of,
and `table` shows gap, law, advice and outcomes. What the law is stands in `pidistill.law`.
"""
