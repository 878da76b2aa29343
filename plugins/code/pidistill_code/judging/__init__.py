"""Running a problem's tests against a program: quick ways for plain values, and test code beside the program in the
room.
"""
