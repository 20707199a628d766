"""What every step of a solve reads and writes: networks in columns, exact numbers."""
