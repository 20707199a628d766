// Who said what about a plan: from the person by the approval to the plan, and whose power it was.
MATCH (event:Event {sequence: $sequence})
MATCH (p:Plan {digest: $plan})
MERGE (agent:Agent {id: event.agent})
MERGE (event)<-[:RECORDED_IN]-(a:Approval)
  SET a += $approval, a.plan = $plan, a.person = event.agent, a.decided_at = event.recorded_at
MERGE (a)-[:WAS_ATTRIBUTED_TO]->(agent)
MERGE (a)-[:ABOUT]->(p)
WITH a
UNWIND $givers AS giver
MERGE (other:Agent {id: giver})
MERGE (a)-[:ACTED_ON_BEHALF_OF]->(other)
