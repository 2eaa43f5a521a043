-- Schema 8. What a rev meant in the PUT that is remembered: not the version it names, where an earlier
-- PUT had named it already.

ALTER TABLE used_revs ADD COLUMN meant_rev INTEGER NOT NULL DEFAULT 0;
