"""Golden scenarios: small folders of facts, each with the plan that a person works out for it."""
