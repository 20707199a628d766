"""Who may do and see what: through every door, and in random documents."""
