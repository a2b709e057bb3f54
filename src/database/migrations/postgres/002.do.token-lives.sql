-- Where tokens come from and what became of them: derived tokens, rotation, last use, revocation in groups, purging.

ALTER TABLE tokens
  -- Coarse: a network rather than a host.
  ADD COLUMN last_used_address text,
  -- Derived from, and revoked with. A record stays as long as any derived from it.
  ADD COLUMN parent_id uuid REFERENCES tokens (id),
  -- No references: a chain of rotations may be longer than the time for which its dead links are kept.
  ADD COLUMN rotated_from uuid,
  ADD COLUMN rotated_to uuid;

-- Room on every page for the next version of a row whose last use is recorded.
ALTER TABLE tokens SET (fillfactor = 90);

-- What was derived from a token, newest first.
CREATE INDEX tokens_by_parent ON tokens (parent_id, id) WHERE parent_id IS NOT NULL;

-- The live tokens of one issuer, in order of issue.
CREATE INDEX tokens_by_issuer ON tokens (created_by, id) WHERE revoked_at IS NULL;

-- Tokens that expire, newest first: where those that have are looked for.
CREATE INDEX tokens_expiring ON tokens (id) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;

-- Dead tokens by the time of their death; LEAST passes over nulls.
CREATE INDEX tokens_by_death ON tokens (LEAST(revoked_at, expires_at))
  WHERE LEAST(revoked_at, expires_at) IS NOT NULL;

-- Tokens by each value they are bound to, newest first within it: a page of a project costs what its rows cost.
CREATE TABLE token_bindings (
  key text NOT NULL,
  value text NOT NULL,
  token_id uuid NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  PRIMARY KEY (key, value, token_id)
);

-- For the removal of a token.
CREATE INDEX token_bindings_by_token ON token_bindings (token_id);

INSERT INTO token_bindings (key, value, token_id)
SELECT DISTINCT bound.key, covered.value, tokens.id
FROM tokens, jsonb_each(tokens.bindings) AS bound, jsonb_array_elements_text(bound.value) AS covered;

-- Guarantees that bindings are found by value whoever inserts tokens, in bulk too. They never change afterwards.
CREATE FUNCTION index_token_bindings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO token_bindings (key, value, token_id)
  SELECT DISTINCT bound.key, covered.value, added.id
  FROM added, jsonb_each(added.bindings) AS bound, jsonb_array_elements_text(bound.value) AS covered;
  RETURN NULL;
END
$$;

CREATE TRIGGER tokens_index_bindings AFTER INSERT ON tokens
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION index_token_bindings();

-- Old changes by their age, for pruning.
CREATE INDEX token_changes_by_age ON token_changes (changed_at);
