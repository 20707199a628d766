// What governs is the fold of a few kinds of events, found without a look at the others.
CREATE INDEX event_kind IF NOT EXISTS
FOR (e:Event) ON (e.kind, e.sequence);
