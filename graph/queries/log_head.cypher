MATCH (h:LogHead {id: 0})
RETURN h {.*} AS head
