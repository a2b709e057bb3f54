-- The record of tokens and of the subjects they act for, and the clock of their changes.
-- Made for ten million tokens: every statement on the path of a request reads one row of each index it names.

-- Whom tokens act for. A deleted subject keeps its row, so that its tokens still have a name in the record.
CREATE TABLE subjects (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kind text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  created_at timestamptz NOT NULL
);

-- Guarantees that a name means one subject; found by name through the same index.
CREATE UNIQUE INDEX subjects_by_name ON subjects (name) WHERE status <> 'deleted';

-- Ids are UUIDv7: the primary key is in order of issue, and new rows land at its end.
CREATE TABLE tokens (
  id uuid PRIMARY KEY,
  key_id text NOT NULL,
  -- HMAC-SHA-256 of the text under the key `key_id` of the ring; the text itself is never stored.
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  kind text NOT NULL,
  subject_id uuid NOT NULL REFERENCES subjects (id),
  scopes text[] NOT NULL,
  bindings jsonb NOT NULL,
  access text NOT NULL,
  -- Null: from anywhere. Empty: from nowhere.
  networks text[],
  -- Null: every path. Empty: no path.
  paths text[],
  description text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  revoked_cause text,
  -- Only of the system token: its text, sealed with the key ring.
  sealed_text text CHECK ((sealed_text IS NOT NULL) = (kind = 'system')),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_cause IS NULL))
);

-- Guarantees that a credential means one token; every look-up of a request goes through it.
CREATE UNIQUE INDEX tokens_by_digest ON tokens (digest, key_id);

-- The tokens of a subject, newest first.
CREATE INDEX tokens_by_subject ON tokens (subject_id, id);

-- Revoked tokens, newest first, which are few among many.
CREATE INDEX tokens_revoked ON tokens (id) WHERE revoked_at IS NOT NULL;

-- Guarantees at most one live system token, whichever of two processes comes first.
CREATE UNIQUE INDEX tokens_live_system ON tokens (kind) WHERE kind = 'system' AND revoked_at IS NULL;

-- One row. A transaction that changes what an existing token may do adds one to it, which locks the row until
-- the transaction ends: so versions become visible in the order in which they were given out. A sequence would
-- not do: a reader could see version 8 while 7 is still being committed, and would never come back for 7.
CREATE TABLE change_clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL
);
INSERT INTO change_clock (version) VALUES (0);

-- What changed at each version: one token, or all tokens of a subject. Read in rising order of version,
-- through the primary key. A row for each revocation and for each subject disabled or enabled.
CREATE TABLE token_changes (
  version bigint PRIMARY KEY,
  token_id uuid,
  subject_id uuid,
  -- For people to read; the order is that of `version`.
  changed_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((token_id IS NULL) <> (subject_id IS NULL))
);
