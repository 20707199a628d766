"""Many items on shared capacities: prices, an exact bound, a whole plan."""
