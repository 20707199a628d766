// Who holds which role on what: decided from these relations, and found by person.
CREATE CONSTRAINT grant_id IF NOT EXISTS
FOR (g:Grant) REQUIRE g.id IS UNIQUE;

CREATE CONSTRAINT grant_scope_id IF NOT EXISTS
FOR (s:GrantScope) REQUIRE s.id IS UNIQUE;

CREATE INDEX event_kind IF NOT EXISTS
FOR (e:Event) ON (e.kind, e.sequence);
