"""Builds the tiny models that ship with the domains. Each is one command: `python -m benchmarks.tiny.build math`.

`tokenizer`, `training` and `evaluation` know no domain; `math_corpus` is what the math domain's model learns from and
`math_card` what is said of it; `build` puts them together and writes the model folder.
"""
