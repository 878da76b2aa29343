"""The predictive law: does what a teacher's context is worth before training say what distillation gives after it?

`configurations` are the points (a gap before, an improvement after, and what else differed), `fit` is the line through
them with its errors on what it has not seen, `gaps` is what a pilot sample leaves, `advise` turns gap and line into a
prediction, advice and costs, and `picture` draws the line. How a gap is measured, and what came of it, is in
`pidistill.pilot`. The definitions are seed 003's; where it is silent they are ours, and say so.
"""
