-- Which line of commits the versions of the change clock count. A server that is promoted in the place of another may
-- lack the last changes, and gives their versions to others: a version says nothing without its line.

-- One row. Whoever follows the clock and finds another server than this one makes a new mark there, so that no two
-- servers that went different ways show the same. Apart from the clock, whose row is locked by changes that wait.
CREATE TABLE change_line (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  -- The server that the mark was made on: the identifier of its cluster, the database, and the timeline.
  server text NOT NULL,
  mark uuid NOT NULL
);
INSERT INTO change_line (server, mark) VALUES ('', gen_random_uuid());
