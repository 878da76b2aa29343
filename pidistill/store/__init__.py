"""The append-only store: rollouts, verdicts, checkpoints and cells in one folder, shared by every run that names it."""
