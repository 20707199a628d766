"""What goes out and comes in by the doors, for callers who may not see and do everything."""
