"""The command line: a file per command, imported when it is called. `main.py` is the group and the error boundary."""
