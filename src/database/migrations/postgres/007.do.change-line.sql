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

-- Which database of which cluster answers: the same on a primary and on its replicas, and on no copy.
CREATE FUNCTION change_database() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT (SELECT system_identifier FROM pg_control_system()) || ':'
    || (SELECT oid FROM pg_database WHERE datname = current_database()) || ':'
$$;

-- The same with the timeline: each server that is promoted has one of its own. Fails on a replica. Some hosted servers
-- tell neither of the two to anybody: all those that stand for one another there count as one.
CREATE FUNCTION change_server() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN change_database() || left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION
  WHEN feature_not_supported OR insufficient_privilege OR undefined_function THEN
    RETURN 'untold';
END
$$;
