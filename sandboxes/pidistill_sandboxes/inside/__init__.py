"""The code that runs inside a sandbox: standard library only, sent as text to whatever Python 3.11+ is there.

`wire` is the encoding that both sides share, `confine` and `rooms` build the walls, `server` is process 1, `channel`
its line to the trusted side, `standby` the process that waits for a program, `program` how it keeps one, `census` what
there is of its processes, `memory` what the server does to be cheap to fork, and `child` what a program's process does.
Nothing here may import anything else of pidistill.
"""
