"""What depends on something going down: who loses a source, how long stock lasts."""
