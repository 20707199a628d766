"""Reports on a period: what was exceptional, overridden and exposed, with proofs."""
