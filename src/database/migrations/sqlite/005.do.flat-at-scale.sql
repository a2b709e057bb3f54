-- What keeps a large record as quick as a small one.

-- The tokens of one kind, newest first.
CREATE INDEX tokens_by_kind ON tokens (kind, id);
