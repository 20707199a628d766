"""Ratios against peers, measured in one run; a timing is never a test."""
