MATCH (m:Migration)
RETURN m {.*} AS migration
