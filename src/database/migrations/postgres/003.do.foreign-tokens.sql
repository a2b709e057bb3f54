-- Tokens that another service made, and that go on working: each is an ordinary row of `tokens` and one row here,
-- which says how its text is found and proven. No text can be read back from either.

CREATE TABLE foreign_tokens (
  format text NOT NULL,
  -- The part of the text that is no secret: a prefix, the id of a salt, or a digest of the whole.
  locator text NOT NULL,
  -- What a presented text is verified against, in the form of its format.
  verifier text NOT NULL,
  -- Rounds of the hash; 1 for a plain digest.
  cost integer NOT NULL,
  token_id uuid NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  -- Guarantees that a locator means one token; look-ups of texts that are not native go through it.
  PRIMARY KEY (format, locator)
);

-- So that deleting a token finds its row here.
CREATE INDEX foreign_tokens_by_token ON foreign_tokens (token_id);

-- Which formats there are, with each cost of their hashes: a few rows, which every replica knows by heart. Texts of
-- other formats are refused without a look-up, and a text whose locator is unknown costs what a known one costs.
CREATE TABLE foreign_formats (
  format text NOT NULL,
  cost integer NOT NULL,
  PRIMARY KEY (format, cost)
);
