// From a time on a release has another in its place; so has what it was to replace itself by then.
MATCH (event:Event {sequence: $sequence})
MERGE (old:PolicyRelease {digest: $replaced})
MERGE (old)-[:RECORDED_IN]->(event)
WITH old
OPTIONAL MATCH (before:PolicyRelease {succeeded_by: $replaced, status: 'active'})
  WHERE before.succeeded_micros > $since
WITH old, collect(before) AS before
UNWIND before + old AS each
SET each.succeeded_by = $digest, each.succeeded_micros = $since,
    each.status = CASE WHEN $since <= $now OR $since <= each.governs_micros THEN 'retired'
                  ELSE coalesce(each.status, 'active') END
