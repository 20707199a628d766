// Every fact has one anchor per URI: chain, class and the natural key that the vocabulary states.
CREATE CONSTRAINT entity_uri IF NOT EXISTS
FOR (e:Entity) REQUIRE e.uri IS UNIQUE;

CREATE CONSTRAINT fact_address IF NOT EXISTS
FOR (f:Fact) REQUIRE (f.event_sequence, f.class, f.event_row) IS UNIQUE;

CREATE CONSTRAINT quarantined_row IF NOT EXISTS
FOR (q:QuarantinedRow) REQUIRE (q.event_sequence, q.event_row) IS UNIQUE;

CREATE CONSTRAINT event_sequence IF NOT EXISTS
FOR (e:Event) REQUIRE e.sequence IS UNIQUE;

CREATE CONSTRAINT event_idempotency_key IF NOT EXISTS
FOR (e:Event) REQUIRE e.idempotency_key IS UNIQUE;

CREATE INDEX event_chain IF NOT EXISTS
FOR (e:Event) ON (e.chain, e.sequence);

CREATE CONSTRAINT log_head IF NOT EXISTS
FOR (h:LogHead) REQUIRE h.id IS UNIQUE;

CREATE CONSTRAINT projector IF NOT EXISTS
FOR (p:Projector) REQUIRE p.id IS UNIQUE;

CREATE CONSTRAINT plan_digest IF NOT EXISTS
FOR (p:Plan) REQUIRE p.digest IS UNIQUE;

CREATE INDEX plan_chain IF NOT EXISTS
FOR (p:Plan) ON (p.chain, p.event_sequence);

CREATE CONSTRAINT plan_line IF NOT EXISTS
FOR (l:PlanLine) REQUIRE (l.plan, l.number) IS UNIQUE;

CREATE CONSTRAINT shortfall IF NOT EXISTS
FOR (s:Shortfall) REQUIRE (s.plan, s.number) IS UNIQUE;

CREATE CONSTRAINT snapshot_artifact IF NOT EXISTS
FOR (s:Snapshot) REQUIRE s.artifact IS UNIQUE;

CREATE CONSTRAINT release_digest IF NOT EXISTS
FOR (r:PolicyRelease) REQUIRE r.digest IS UNIQUE;

CREATE CONSTRAINT agent_id IF NOT EXISTS
FOR (a:Agent) REQUIRE a.id IS UNIQUE;

CREATE CONSTRAINT activity_id IF NOT EXISTS
FOR (a:Activity) REQUIRE a.id IS UNIQUE;
