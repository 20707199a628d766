"""What comes in: files read through mappings into facts, every row accounted for."""
