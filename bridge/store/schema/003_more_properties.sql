-- Schema 3. Properties of tasks (resource 0: of the list itself), and of calendar homes.

CREATE TABLE properties_3 (
    account     INTEGER NOT NULL,
    collection  INTEGER NOT NULL,
    resource    INTEGER NOT NULL,
    namespace   TEXT NOT NULL,
    name        TEXT NOT NULL,
    xml         TEXT NOT NULL,  -- the whole element
    PRIMARY KEY (account, collection, resource, namespace, name),
    FOREIGN KEY (account, collection) REFERENCES collections (account, id) ON DELETE CASCADE
) STRICT;
INSERT INTO properties_3 (account, collection, resource, namespace, name, xml)
    SELECT account, collection, 0, namespace, name, xml FROM properties;
DROP TABLE properties;
ALTER TABLE properties_3 RENAME TO properties;

CREATE TABLE home_properties (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    namespace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    xml        TEXT NOT NULL,
    PRIMARY KEY (user_id, namespace, name)
) STRICT;
