"""Rules of thumb as rivals of a plan, tuned on the days before it."""
