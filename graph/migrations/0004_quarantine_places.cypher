// Rows that were set aside are listed page by page, those of one state in order.
CREATE INDEX quarantined_place IF NOT EXISTS
FOR (q:QuarantinedRow) ON (q.chain, q.state, q.place);
