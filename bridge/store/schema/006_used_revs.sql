-- Schema 6. The body of the PUT that named a rev: the same one again is a retry, and means by the rev
-- what it meant at first.

ALTER TABLE used_revs ADD COLUMN put_hash BLOB NOT NULL DEFAULT x'';
