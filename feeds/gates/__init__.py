"""Quality gates: what a delivery says, held against the chain and against its source's past."""
