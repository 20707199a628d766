"""Loads and lots that come whole: branch and bound over the same prices."""
