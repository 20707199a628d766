MATCH (t:ScheduledTask)
RETURN t {.*} AS task
ORDER BY t.name
