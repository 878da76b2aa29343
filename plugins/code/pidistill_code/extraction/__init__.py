"""The program in a completion: fences, versions, helpers, edits, thoughts. Nothing here runs any of it."""
