UNWIND $because AS b
MATCH (l:PlanLine {plan: $plan, number: b.number})
MATCH (f:Fact {event_sequence: b.event, class: b.class, event_row: b.row})
CREATE (l)-[:WAS_DERIVED_FROM {role: 'decisive'}]->(f)
RETURN count(*) AS made
