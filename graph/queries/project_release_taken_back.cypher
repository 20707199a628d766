// A release governs no more: what it replaced, or was to, stays till what comes after it, if any.
MATCH (gone:PolicyRelease {digest: $digest})
OPTIONAL MATCH (back:PolicyRelease {digest: $back_to})
OPTIONAL MATCH (before:PolicyRelease {succeeded_by: $digest, status: 'active'})
  WHERE before.succeeded_micros > $now
WITH gone, collect(before) + collect(back) AS freed,
  coalesce(gone.succeeded_micros > $now, false) AS waits
UNWIND freed AS each
SET each.succeeded_by = CASE WHEN waits THEN gone.succeeded_by END,
    each.succeeded_micros = CASE WHEN waits THEN gone.succeeded_micros END
