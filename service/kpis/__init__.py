"""Key figures of a chain or a plan, each with the rows that it was counted from."""
