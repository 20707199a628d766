// Under the lock of the lease, so that there is one of each name.
MERGE (t:ScheduledTask {name: $name})
SET t = $run
