"""From a flow to what a person reads: lines, shortfalls, reasons, and what would change them."""
