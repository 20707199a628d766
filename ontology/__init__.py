"""The words: what an inventory network is made of. Standard library and numpy columns, no I/O."""
