"""For all tests: the fixtures that give sandboxes, and the one Docker daemon that all of them share.

Whoever starts the tests in the background of a script has them ignore interrupts, and all that they start with them;
but some tests send one.
"""

import signal

pytest_plugins = ["pidistill_sandboxes.testing"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
