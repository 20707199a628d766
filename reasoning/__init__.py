"""What follows from the facts: entailments kept current, each with the proof that it has."""
