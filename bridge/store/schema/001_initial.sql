-- Schema 1. Booleans are 0 or 1, times are seconds since 1970 UTC, 0 stands for 'never'.
-- Ids of users, passwords and accounts are unique in the store and never given again; all other
-- ids count within their account (counters), so that the key of every table begins with it.

CREATE TABLE users (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    created_s  INTEGER NOT NULL
) STRICT;

CREATE TABLE passwords (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label      TEXT NOT NULL,
    hash       BLOB NOT NULL,
    created_s  INTEGER NOT NULL,
    used_s     INTEGER NOT NULL,
    UNIQUE (user_id, id)
) STRICT;

CREATE TABLE accounts (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id               INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    upstream              TEXT NOT NULL,
    label                 TEXT NOT NULL,
    timezone              TEXT NOT NULL,
    is_zone_guessed       INTEGER NOT NULL,
    is_default            INTEGER NOT NULL,
    is_read_only          INTEGER NOT NULL,
    needs_sign_in         INTEGER NOT NULL,
    created_s             INTEGER NOT NULL,
    unlinked_s            INTEGER NOT NULL,
    is_folder_link_final  INTEGER NOT NULL,
    folder_round          INTEGER NOT NULL,
    folder_link           TEXT NOT NULL,
    token                 BLOB NOT NULL  -- sealed
) STRICT;
CREATE INDEX accounts_user ON accounts (user_id);

-- The last id given in an account.
CREATE TABLE counters (
    account  INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    last_id  INTEGER NOT NULL
) STRICT;

CREATE TABLE collections (
    account            INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id                 INTEGER NOT NULL,
    upstream_id        TEXT NOT NULL,
    slug               TEXT NOT NULL,
    name               TEXT NOT NULL,
    is_default         INTEGER NOT NULL,
    is_hidden          INTEGER NOT NULL,
    is_writable        INTEGER NOT NULL,
    change             INTEGER NOT NULL,  -- the last change number given
    run                TEXT NOT NULL,     -- the run of the server that gave it
    pruned_change      INTEGER NOT NULL DEFAULT 0,  -- the newest removal that is forgotten
    is_link_final      INTEGER NOT NULL,
    round              INTEGER NOT NULL,
    is_round_full      INTEGER NOT NULL,
    round_started_s    INTEGER NOT NULL,
    is_synced          INTEGER NOT NULL,
    seen_folder_round  INTEGER NOT NULL,
    removed_s          INTEGER NOT NULL,
    link               TEXT NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX collections_slug ON collections (account, slug) WHERE removed_s = 0;
CREATE UNIQUE INDEX collections_upstream ON collections (account, upstream_id)
    WHERE removed_s = 0 AND upstream_id <> '';

-- Which run of the server owns the change numbers from first_change on.
CREATE TABLE runs (
    account       INTEGER NOT NULL,
    collection    INTEGER NOT NULL,
    first_change  INTEGER NOT NULL,
    id            TEXT NOT NULL,
    PRIMARY KEY (account, collection, first_change),
    FOREIGN KEY (account, collection) REFERENCES collections (account, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- With a rowid: rows are larger than a fair share of a page. What is large comes last, so that
-- reading the columns before it does not touch it.
CREATE TABLE resources (
    account        INTEGER NOT NULL,
    collection     INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    href           TEXT NOT NULL,
    uid            TEXT NOT NULL,
    upstream_id    TEXT NOT NULL,
    upstream_etag  TEXT NOT NULL,
    etag           TEXT NOT NULL,
    rev            INTEGER NOT NULL,
    change         INTEGER NOT NULL,
    round          INTEGER NOT NULL,
    written_s      INTEGER NOT NULL,
    modified_s     INTEGER NOT NULL,
    put_hash       BLOB NOT NULL,
    replaced_etag  TEXT NOT NULL,
    is_removed     INTEGER NOT NULL,  -- a tombstone
    document       BLOB NOT NULL,
    base           BLOB NOT NULL,
    PRIMARY KEY (account, collection, id),
    UNIQUE (account, collection, href),
    FOREIGN KEY (account, collection) REFERENCES collections (account, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX resources_change ON resources (account, collection, change);
-- One task upstream is one resource here.
CREATE UNIQUE INDEX resources_upstream ON resources (account, collection, upstream_id)
    WHERE is_removed = 0 AND upstream_id <> '';
CREATE INDEX resources_tombstone ON resources (account, collection, modified_s)
    WHERE is_removed = 1;

-- The last few versions that were served, as hashes of their fields.
CREATE TABLE versions (
    account     INTEGER NOT NULL,
    collection  INTEGER NOT NULL,
    resource    INTEGER NOT NULL,
    rev         INTEGER NOT NULL,
    etag        TEXT NOT NULL,
    is_put      INTEGER NOT NULL,
    fields      BLOB NOT NULL,
    PRIMARY KEY (account, collection, resource, rev),
    FOREIGN KEY (account, collection, resource)
        REFERENCES resources (account, collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- An accepted PUT under this password named rev and made made_rev.
CREATE TABLE used_revs (
    account     INTEGER NOT NULL,
    collection  INTEGER NOT NULL,
    resource    INTEGER NOT NULL,
    password    INTEGER NOT NULL,
    rev         INTEGER NOT NULL,
    made_rev    INTEGER NOT NULL,
    PRIMARY KEY (account, collection, resource, password, rev),
    FOREIGN KEY (account, collection, resource)
        REFERENCES resources (account, collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Changes on their way upstream. collection is NULL for those of the account itself.
CREATE TABLE operations (
    account        INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    id             INTEGER NOT NULL,
    collection     INTEGER,
    kind           INTEGER NOT NULL,
    resource       INTEGER NOT NULL,
    href           TEXT NOT NULL,
    uid            TEXT NOT NULL,
    upstream_id    TEXT NOT NULL,
    replaced_etag  TEXT NOT NULL,
    put_hash       BLOB NOT NULL,
    fields         INTEGER NOT NULL,
    marker         TEXT NOT NULL,
    password       INTEGER NOT NULL,
    named_rev      INTEGER NOT NULL,
    created_s      INTEGER NOT NULL,
    document       BLOB NOT NULL,
    wanted         BLOB NOT NULL,
    expected       BLOB NOT NULL,
    PRIMARY KEY (account, id),
    FOREIGN KEY (account, collection) REFERENCES collections (account, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Items of delta pages that must be read singly.
CREATE TABLE rereads (
    account      INTEGER NOT NULL,
    collection   INTEGER NOT NULL,
    upstream_id  TEXT NOT NULL,
    PRIMARY KEY (account, collection, upstream_id),
    FOREIGN KEY (account, collection) REFERENCES collections (account, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
