"""For all tests: the fixtures that give sandboxes, and the one Docker daemon that all of them share."""

pytest_plugins = ["pidistill_sandboxes.testing"]
