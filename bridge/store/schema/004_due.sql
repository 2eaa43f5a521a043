-- Schema 4. What is to be done at a time (design section 7, 'Timed work').

CREATE TABLE due (
    account     INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind        INTEGER NOT NULL,  -- enum store_due_kind
    ref         INTEGER NOT NULL,  -- id of what it is about, by kind
    collection  INTEGER,           -- of a resource; NULL for what is the account's own
    at_s        INTEGER NOT NULL,
    PRIMARY KEY (account, kind, ref),
    FOREIGN KEY (account, collection, ref)
        REFERENCES resources (account, collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX due_at ON due (account, at_s);
CREATE INDEX due_ref ON due (account, collection, ref);

-- Resources that are not sent yet: copies of completed occurrences that wait for their series.
CREATE INDEX resources_waiting ON resources (account, collection, id)
    WHERE is_removed = 0 AND upstream_id = '';
