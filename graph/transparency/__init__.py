"""The transparency log: hashes of its tree, its key, signed checkpoints, proofs, a witness."""
