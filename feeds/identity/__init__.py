"""Whose names mean the same: links to our own, candidates with their evidence."""
