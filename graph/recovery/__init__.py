"""What outlives the database: segments of the log, checkpoints, backups, digests, losses."""
