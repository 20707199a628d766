// A plan and a page of its lines (or one line), each with its decisive facts and their events.
MATCH (h:LogHead {id: 0})
MATCH (p:Plan {digest: $plan})-[:RECORDED_IN]->(made:Event)
WHERE p.event_sequence <= h.projected
MATCH (p)-[:WAS_GENERATED_BY]->(activity:Activity)-[:USED]->(s:Snapshot)
MATCH (activity)-[:USED]->(r:PolicyRelease)
MATCH (p)-[:WAS_ATTRIBUTED_TO]->(agent:Agent)
OPTIONAL MATCH (r)-[:RECORDED_IN]->(activated:Event)
RETURN p {.*} AS plan, made {.sequence, .recorded_at, .agent, .artifact, .leaf} AS made,
  activity {.*} AS activity, s {.*} AS snapshot, r {.*} AS release, agent {.*} AS agent,
  activated {.sequence, .recorded_at, .agent, .artifact, .leaf} AS activated,
  COLLECT {
    MATCH (p)<-[c:COSTS_IN]-(rule:PolicyRule)
    WHERE c.event <= h.projected
    WITH c, rule ORDER BY rule.rule
    RETURN c {.*, rule: rule.rule}
  } AS rules,
  COLLECT {
    MATCH (l:PlanLine)
    WHERE l.plan = $plan AND l.number > $after AND l.number <= $last
    WITH l ORDER BY l.number LIMIT $limit
    RETURN {
      line: l {.*},
      facts: COLLECT {
        MATCH (l)-[d:WAS_DERIVED_FROM]->(f:Fact)-[:RECORDED_IN]->(e:Event)
        WITH d, f, e ORDER BY f.uri, f.event_sequence LIMIT $fact_limit
        RETURN {
          role: d.role, fact: f {.*},
          event: e {.sequence, .recorded_at, .agent, .artifact, .leaf, .payload}
        }
      }
    }
  } AS lines
