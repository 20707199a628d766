"""The demo: the whole story of what the product can do, on the examples."""
