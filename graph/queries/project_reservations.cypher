// What an approval reserves: from the approval by each reservation to the plan.
MATCH (event:Event {sequence: $sequence})<-[:RECORDED_IN]-(a:Approval)-[:ABOUT]->(p:Plan)
OPTIONAL MATCH (a)-[:RESERVES]->(before:PlanReservation)
DETACH DELETE before
WITH DISTINCT a, p
UNWIND $promises AS promise
CREATE (a)-[:RESERVES]->(r:PlanReservation)-[:RESERVED_FOR]->(p)
SET r = promise
