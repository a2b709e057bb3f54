-- Where tokens come from and what became of them: derived tokens, rotation, last use, revocation in groups, purging.

-- Coarse: a network rather than a host.
ALTER TABLE tokens ADD COLUMN last_used_address TEXT;
-- Derived from, and revoked with. A record stays as long as any derived from it.
ALTER TABLE tokens ADD COLUMN parent_id TEXT REFERENCES tokens (id);
-- No references: a chain of rotations may be longer than the time for which its dead links are kept.
ALTER TABLE tokens ADD COLUMN rotated_from TEXT;
ALTER TABLE tokens ADD COLUMN rotated_to TEXT;

-- What was derived from a token, newest first.
CREATE INDEX tokens_by_parent ON tokens (parent_id, id) WHERE parent_id IS NOT NULL;

-- The live tokens of one issuer, in order of issue.
CREATE INDEX tokens_by_issuer ON tokens (created_by, id) WHERE revoked_at IS NULL;

-- Tokens that expire, newest first: where those that have are looked for.
CREATE INDEX tokens_expiring ON tokens (id) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;

-- Dead tokens by the time of their death; `min` of a null is null.
CREATE INDEX tokens_by_death ON tokens (coalesce(min(revoked_at, expires_at), revoked_at, expires_at))
  WHERE coalesce(min(revoked_at, expires_at), revoked_at, expires_at) IS NOT NULL;

-- Tokens by each value they are bound to, newest first within it: a page of a project costs what its rows cost.
CREATE TABLE token_bindings (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  PRIMARY KEY (key, value, token_id)
) STRICT, WITHOUT ROWID;

-- For the removal of a token.
CREATE INDEX token_bindings_by_token ON token_bindings (token_id);

INSERT OR IGNORE INTO token_bindings (key, value, token_id)
SELECT bound.key, covered.value, tokens.id
FROM tokens, json_each(tokens.bindings) AS bound, json_each(bound.value) AS covered;

-- Guarantees that bindings are found by value whoever inserts tokens. They never change afterwards.
CREATE TRIGGER tokens_index_bindings AFTER INSERT ON tokens
BEGIN
  INSERT OR IGNORE INTO token_bindings (key, value, token_id)
  SELECT bound.key, covered.value, NEW.id
  FROM json_each(NEW.bindings) AS bound, json_each(bound.value) AS covered;
END;

-- Old changes by their age, for pruning.
CREATE INDEX token_changes_by_age ON token_changes (changed_at);
