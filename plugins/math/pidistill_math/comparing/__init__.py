"""Whether an answer that is read is the reference: kind by kind, with a reason for every no."""
