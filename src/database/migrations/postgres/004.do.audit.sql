-- The audit record: what was done to tokens, subjects and keys, in the transaction that did it. And which task of the
-- gateways ran when.

-- The text of an entry is kept to the byte (`json`, not `jsonb`), because its hash is part of the next one.
CREATE TABLE audit_entries (
  -- 1, 2, 3, … without a gap: given out under the lock of `audit_head`.
  seq bigint PRIMARY KEY,
  entry json NOT NULL,
  -- SHA-256 of the text as hex.
  hash text NOT NULL
);

-- The entries of a token.
CREATE INDEX audit_entries_by_token ON audit_entries ((entry ->> 'tokenId'), seq)
  WHERE entry ->> 'tokenId' IS NOT NULL;

-- One row: where the chain ends. Whoever appends locks it last in the transaction, until the commit: entries become
-- visible in the order of their numbers.
CREATE TABLE audit_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seq bigint NOT NULL,
  hash text NOT NULL,
  -- HMAC-SHA-256 of the hash under a key of the ring, which the database does not have.
  seal text NOT NULL,
  -- Entries with a lower number may be removed, and no others.
  kept_from bigint NOT NULL
);
INSERT INTO audit_head (seq, hash, seal, kept_from) VALUES (0, '', '', 1);

-- Guards against mistakes. Against whoever can drop a trigger only the chain does.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.seq < (SELECT kept_from FROM audit_head) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit record is only ever appended to' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_entries_stay_all BEFORE TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE FUNCTION refuse_audit_rewind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.seq >= OLD.seq AND NEW.kept_from >= OLD.kept_from AND NEW.kept_from <= OLD.seq + 1 THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the head of the audit record only ever moves forward' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_head_stays BEFORE UPDATE OR DELETE ON audit_head
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_rewind();
CREATE TRIGGER audit_head_stays_all BEFORE TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_rewind();

-- When a task that one replica does for all was last begun, by the clock of the database.
CREATE TABLE scheduled_tasks (
  name text PRIMARY KEY,
  begun_at timestamptz NOT NULL
);
INSERT INTO scheduled_tasks (name, begun_at) VALUES ('purge', 'epoch');
