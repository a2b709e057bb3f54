-- The audit record: what was done to tokens, subjects and keys, in the transaction that did it. And which task of the
-- gateways ran when.

CREATE TABLE audit_entries (
  -- 1, 2, 3, … without a gap: one transaction writes at a time.
  seq INTEGER PRIMARY KEY,
  -- One line of JSON, kept to the byte, because its hash is part of the next one.
  entry TEXT NOT NULL,
  -- SHA-256 of the text as hex.
  hash TEXT NOT NULL
) STRICT;

-- The entries of a token.
CREATE INDEX audit_entries_by_token ON audit_entries (entry ->> 'tokenId', seq)
  WHERE entry ->> 'tokenId' IS NOT NULL;

-- One row: where the chain ends.
CREATE TABLE audit_head (
  only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  -- HMAC-SHA-256 of the hash under a key of the ring, which the database does not have.
  seal TEXT NOT NULL,
  -- Entries with a lower number may be removed, and no others.
  kept_from INTEGER NOT NULL
) STRICT;
INSERT INTO audit_head (seq, hash, seal, kept_from) VALUES (0, '', '', 1);

-- Guards against mistakes. Against whoever can drop a trigger only the chain does.
CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
BEGIN
  SELECT RAISE(ABORT, 'the audit record is only ever appended to');
END;

CREATE TRIGGER audit_entries_stay_all BEFORE DELETE ON audit_entries
WHEN OLD.seq >= (SELECT kept_from FROM audit_head)
BEGIN
  SELECT RAISE(ABORT, 'the audit record is only ever appended to');
END;

CREATE TRIGGER audit_head_stays BEFORE UPDATE ON audit_head
WHEN NEW.seq < OLD.seq OR NEW.kept_from < OLD.kept_from OR NEW.kept_from > OLD.seq + 1
BEGIN
  SELECT RAISE(ABORT, 'the head of the audit record only ever moves forward');
END;

CREATE TRIGGER audit_head_stays_all BEFORE DELETE ON audit_head
BEGIN
  SELECT RAISE(ABORT, 'the head of the audit record only ever moves forward');
END;

-- When a task that one replica does for all was last begun.
CREATE TABLE scheduled_tasks (
  name TEXT PRIMARY KEY,
  begun_at INTEGER NOT NULL
) STRICT;
INSERT INTO scheduled_tasks (name, begun_at) VALUES ('purge', 0);
