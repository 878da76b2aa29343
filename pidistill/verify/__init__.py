"""Verification: a pool of worker processes in which a domain's verifier judges completions.

`pool` is the entry point; `opener` says which verifier, `wrappers` how its quality is varied, `key` under which key a
verdict is kept, and `oracle` checks a verifier against the references. What a verdict means is the domain's business.
"""
