"""The predictive law: does what a teacher's context is worth before training say what distillation gives after it?

`configurations` are the points (a gap before, an improvement after, and what else differed), `fit` is the line through
them with its errors on what it has not seen, `measure` gets a gap from a pilot sample through the loop's own arrows,
`gaps` is what that leaves, `advise` turns gap and line into a prediction, advice and costs, and `table` and `picture`
show them. The definitions are seed 003's; where it is silent they are ours, and say so.
"""
