-- Schema 7. Stores older than the table `due` have no times for what was written before. Each such task is
-- looked after once, which finds its true time (sync/timed.c); what may want anything has an alarm or a rule.

INSERT OR IGNORE INTO due (account, kind, ref, collection, at_s)
    SELECT account, 1, id, collection, 1 FROM resources
    WHERE is_removed = 0 AND upstream_id <> '' AND (
        instr(upper(CAST(document AS TEXT)), 'BEGIN:VALARM') > 0
        OR instr(upper(CAST(document AS TEXT)), 'RRULE') > 0);
