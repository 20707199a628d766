"""The same stock as two sources tell it: where they differ, and what the difference comes from."""
