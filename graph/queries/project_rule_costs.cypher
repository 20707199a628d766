// A rule of a release, and what it costs in a plan: with the digests of both plans.
MATCH (p:Plan {digest: $plan})
MATCH (r:PolicyRelease {digest: $release})
UNWIND $costs AS cost
MERGE (rule:PolicyRule {id: $release + '/' + cost.rule})
  ON CREATE SET rule.rule = cost.rule, rule.release = $release
MERGE (rule)-[:PART_OF]->(r)
MERGE (rule)-[c:COSTS_IN]->(p)
SET c = cost, c.plan = $plan, c.release = $release, c.event = $sequence
