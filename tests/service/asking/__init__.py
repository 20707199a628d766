"""Tables that are filtered, sorted, paged and grouped."""
