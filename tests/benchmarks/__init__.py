"""What the benchmarks say is worked out by hand or found a second way; never a timing."""
