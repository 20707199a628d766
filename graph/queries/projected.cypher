MATCH (h:LogHead {id: 0})
RETURN h.projected AS projected
