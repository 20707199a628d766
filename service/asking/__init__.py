"""Tables that a caller filters, sorts, pages, groups and takes away: facts, and lines of a plan."""
