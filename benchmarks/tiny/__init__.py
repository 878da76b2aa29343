"""Builds the tiny models that ship with the domains. Each is one command: `python -m benchmarks.tiny.build math`.

`corpus`, `tokenizer`, `training`, `evaluation` and `measure` know no domain. `math_corpus` is what the math domain's
model learns from and `math_card` what is said of it, and so on; `domains` is how `build` finds them, and
`build` puts them together and writes the model folder.
"""
