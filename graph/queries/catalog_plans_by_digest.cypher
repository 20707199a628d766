MATCH (h:LogHead {id: 0})
UNWIND $plans AS digest
MATCH (p:Plan {digest: digest})-[:RECORDED_IN]->(e:Event)
WHERE p.event_sequence <= h.projected
RETURN p {.*} AS plan, e.agent AS agent, e.effective_at AS made_at
