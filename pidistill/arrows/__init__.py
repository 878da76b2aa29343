"""The arrows of the loop: rollout, verify, inform, learn. Each looks into the store first and writes down what it made.

This is what makes the loop resume: `loop.py` says what a recipe does as if nothing had ever been run, and the arrows
find most of it done. What has been made is addressed by everything it depends on, so a key that is found is right.
"""
