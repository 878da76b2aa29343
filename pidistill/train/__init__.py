"""Training: objectives that turn examples into new weights.

`sft` and `opsd` are the two objectives; each is one page, and both stand on the same parts: `examples` (records ->
token ids, and what is left out), `weights` (model in, checkpoint out), `optimizer` (AdamW's settings and the
learning-rate schedule), `metrics` (the log of a job), `randomness` (seeds that stay inside a job). The distillation
loss is `divergence` over what `scoring` takes out of a model. Importing this package imports no torch.
"""
