"""Code that runs inside sandboxes, sent there as text: it imports nothing of this package but its own folder."""
