"""For all tests: what they share, and what no test may depend on.

* The fixtures that give sandboxes, and the one Docker daemon that all of them use (`pidistill_sandboxes.testing`).
* How they are dealt out to workers (`sharing`), and which may be skipped in CI (`skips`).
* Whoever starts the tests in the background of a script has them ignore interrupts, and all that they start with them;
  but some tests send one.
* Numeric libraries use one thread a worker, as do all programs that tests start.
* Hypothesis takes no example to be wrong for being slow: a busy machine makes any slow.
"""

import os
import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["pidistill_sandboxes.testing", "sharing", "skips"]

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("MPLBACKEND", "Agg")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
