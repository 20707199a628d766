"""How a file is written: each format gives blocks of rows of text, and never the whole at once."""
