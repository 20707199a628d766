"""The cheapest flow of one network, canonical, again after a change, and what proves it."""
