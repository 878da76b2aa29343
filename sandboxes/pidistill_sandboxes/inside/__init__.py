"""The code that runs inside a sandbox: standard library only, sent as text to whatever Python 3.11+ is there.

`wire` is the encoding that both sides share, `confine` and `rooms` build the walls, `server` is process 1, `channel`
its line to the trusted side, `program` how it keeps a program, and `child` what a program's process does. Nothing here
may import anything else of pidistill.
"""
