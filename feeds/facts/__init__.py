"""From the rows of files to facts, by columns, with an account of every row."""
