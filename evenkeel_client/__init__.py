"""A client of an Evenkeel service: typed questions, tables as Arrow, and the stream of changes."""
