"""Examples that ship with the project: facts to load, and generators of facts."""
