"""From a completion to the answer that it commits to: boxes, what stands around them, what takes them back."""
