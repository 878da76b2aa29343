"""Privileged information: the domain-free forms, how PI becomes feedback, and the check that it leaks nowhere."""
