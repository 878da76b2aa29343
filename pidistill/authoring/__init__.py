"""What domain plugins share, so that none writes it again: options, sources, cases, recipes, fingerprints.

Part of the public face: a plugin may import this package, `contracts`, `records`, `errors`, `sandbox`, `hookspecs`,
`pi` and `testing`, and nothing else of the core (`docs/plugins.md`).
"""
