// Every plan that readers see, with what hangs on it.
MATCH (h:LogHead {id: 0})
MATCH (p:Plan)
WHERE p.event_sequence <= h.projected
RETURN p.digest AS plan,
  COUNT { (p)-[:HAS_LINE]->() } AS lines,
  COUNT { (p)-[:HAS_SHORTFALL]->() } AS shortfalls
ORDER BY plan
