-- Schema 5. Which app passwords have written an ATTACH.

ALTER TABLE passwords ADD COLUMN knows_attachments INTEGER NOT NULL DEFAULT 0;
