-- Logins of subjects at upstreams: user, key and the upstream's token, sealed with the key ring and bound to the
-- subject and the upstream, so that a row that was copied to another place opens nothing.

CREATE TABLE upstream_logins (
  subject_id TEXT NOT NULL REFERENCES subjects (id),
  -- The upstream's name in the configuration.
  upstream TEXT NOT NULL,
  -- The key of the ring that `sealed` is under.
  key_id TEXT NOT NULL,
  sealed BLOB NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Another one with each writing: whoever read an earlier one replaces and removes nothing.
  revision TEXT NOT NULL,
  -- Guarantees one login for each subject and upstream; found through the same index.
  PRIMARY KEY (subject_id, upstream)
) STRICT;

-- What is under a key that is to be retired.
CREATE INDEX upstream_logins_by_key ON upstream_logins (key_id);
