-- What keeps a record of ten million tokens as quick as one of ten thousand.
-- A revocation moves no index: it changes the token's own row, in place where the page has room, and adds one narrow
-- row to a table of its own. An index of `tokens` that named `revoked_at`, in its columns or its condition, would
-- make PostgreSQL write a new entry into every index of the table for each token that is revoked.

-- While this works, which takes minutes where the table is large, look-ups go on and changes wait. What would keep
-- look-ups waiting comes last, and takes a moment.
LOCK TABLE tokens IN EXCLUSIVE MODE;

-- Revoked tokens, newest first, which are few among many. The triggers below keep it, a set of rows at a time; a
-- reference to `tokens` would look up each row once more, and take as long as the rest of a revocation.
CREATE TABLE revoked_tokens (
  token_id uuid PRIMARY KEY,
  revoked_at timestamptz NOT NULL
);
INSERT INTO revoked_tokens (token_id, revoked_at)
SELECT id, revoked_at FROM tokens WHERE revoked_at IS NOT NULL ORDER BY id;

-- Revoked tokens by their age, for purging.
CREATE INDEX revoked_tokens_by_age ON revoked_tokens (revoked_at);

-- Guarantees that a revoked token is found as such whoever revoked it, or inserted it so.
CREATE FUNCTION index_revoked_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO revoked_tokens (token_id, revoked_at)
  SELECT id, revoked_at FROM changed WHERE revoked_at IS NOT NULL
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;

CREATE TRIGGER tokens_index_inserted_revoked AFTER INSERT ON tokens
  REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION index_revoked_tokens();

CREATE TRIGGER tokens_index_revoked AFTER UPDATE ON tokens
  REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION index_revoked_tokens();

CREATE FUNCTION forget_revoked_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM revoked_tokens USING gone WHERE token_id = gone.id;
  RETURN NULL;
END
$$;

CREATE TRIGGER tokens_forget_revoked AFTER DELETE ON tokens
  REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION forget_revoked_tokens();

-- The tokens of one issuer, in order of issue.
CREATE INDEX tokens_of_issuer ON tokens (created_by, id);

-- The tokens of one kind, newest first.
CREATE INDEX tokens_by_kind ON tokens (kind, id);

-- The tokens of one kind by the time of their expiry: those that have expired, and how few of it are alive.
CREATE INDEX tokens_by_expiry ON tokens (kind, expires_at, id);

-- The text of a system token goes with its revocation, whoever revokes it: having one says that it is the live one.
CREATE FUNCTION forget_sealed_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sealed_text := '';
  RETURN NEW;
END
$$;

CREATE TRIGGER tokens_forget_sealed_text BEFORE UPDATE OF revoked_at ON tokens
  FOR EACH ROW WHEN (NEW.kind = 'system' AND NEW.revoked_at IS NOT NULL)
  EXECUTE FUNCTION forget_sealed_text();

UPDATE tokens SET sealed_text = '' WHERE kind = 'system' AND revoked_at IS NOT NULL;

-- Guarantees at most one live system token, whichever of two processes comes first.
CREATE UNIQUE INDEX tokens_one_system ON tokens (kind) WHERE sealed_text <> '';

DROP INDEX tokens_revoked;
DROP INDEX tokens_expiring;
DROP INDEX tokens_by_death;
DROP INDEX tokens_live_system;
ALTER INDEX tokens_one_system RENAME TO tokens_live_system;
DROP INDEX tokens_by_issuer;
ALTER INDEX tokens_of_issuer RENAME TO tokens_by_issuer;
