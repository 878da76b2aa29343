"""A problem's tests, read from its record: asserts as data, what a call may tell, when an answer is the expected
one.
"""
