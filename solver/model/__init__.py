"""From facts, rules and wishes to the network of a plan, and what its arcs stand for."""
