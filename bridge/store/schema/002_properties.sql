-- Schema 2. Properties of collections that clients set and the service has no place for.

-- With a rowid: a value may be 64 KiB.
CREATE TABLE properties (
    account     INTEGER NOT NULL,
    collection  INTEGER NOT NULL,
    namespace   TEXT NOT NULL,
    name        TEXT NOT NULL,
    xml         TEXT NOT NULL,  -- the whole element
    PRIMARY KEY (account, collection, namespace, name),
    FOREIGN KEY (account, collection) REFERENCES collections (account, id) ON DELETE CASCADE
) STRICT;
