-- The record of tokens and of the subjects they act for, and the clock of their changes.
-- Times are milliseconds since the epoch; lists and bindings are JSON; ids are lower-case UUIDs.

-- Whom tokens act for. A deleted subject keeps its row, so that its tokens still have a name in the record.
CREATE TABLE subjects (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active',
  created_at INTEGER NOT NULL
) STRICT;

-- Guarantees that a name means one subject; found by name through the same index.
CREATE UNIQUE INDEX subjects_by_name ON subjects (name) WHERE status <> 'deleted';

-- Ids are UUIDv7: the primary key is in order of issue, and new rows land at its end.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  -- HMAC-SHA-256 of the text under the key `key_id` of the ring; the text itself is never stored.
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  kind TEXT NOT NULL,
  subject_id TEXT NOT NULL REFERENCES subjects (id),
  scopes TEXT NOT NULL,
  bindings TEXT NOT NULL,
  access TEXT NOT NULL,
  -- Null: from anywhere. Empty: from nowhere.
  networks TEXT,
  -- Null: every path. Empty: no path.
  paths TEXT,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  revoked_at INTEGER,
  revoked_by TEXT,
  revoked_cause TEXT,
  -- Only of the system token: its text, sealed with the key ring.
  sealed_text TEXT CHECK ((sealed_text IS NOT NULL) = (kind = 'system')),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_cause IS NULL))
) STRICT;

-- Guarantees that a credential means one token; every look-up of a request goes through it.
CREATE UNIQUE INDEX tokens_by_digest ON tokens (digest, key_id);

-- The tokens of a subject, newest first.
CREATE INDEX tokens_by_subject ON tokens (subject_id, id);

-- Revoked tokens, newest first, which are few among many.
CREATE INDEX tokens_revoked ON tokens (id) WHERE revoked_at IS NOT NULL;

-- Guarantees at most one live system token, whichever of two processes comes first.
CREATE UNIQUE INDEX tokens_live_system ON tokens (kind) WHERE kind = 'system' AND revoked_at IS NULL;

-- One row, raised by one in every transaction that changes what an existing token may do. SQLite lets one
-- transaction write at a time, so that versions become visible in the order in which they were given out.
CREATE TABLE change_clock (
  only_row INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO change_clock (version) VALUES (0);

-- What changed at each version: one token, or all tokens of a subject. Read in rising order of version,
-- through the primary key. A row for each revocation and for each subject disabled or enabled.
CREATE TABLE token_changes (
  version INTEGER PRIMARY KEY,
  token_id TEXT,
  subject_id TEXT,
  -- For people to read; the order is that of `version`.
  changed_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)),
  CHECK ((token_id IS NULL) <> (subject_id IS NULL))
) STRICT;
