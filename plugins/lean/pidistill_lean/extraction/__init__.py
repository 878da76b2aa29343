"""The Lean text in a completion: fences, prose, thoughts, tags, and the ways in which it can be read."""
