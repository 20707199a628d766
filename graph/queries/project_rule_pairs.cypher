// How two rules interact in a plan: what both cost together less what each costs alone.
UNWIND $pairs AS pair
MATCH (one:PolicyRule {id: $release + '/' + pair.one})
MATCH (other:PolicyRule {id: $release + '/' + pair.other})
MERGE (one)-[i:INTERACTS_WITH {plan: $plan}]->(other)
SET i += pair.fields, i.event = $sequence
