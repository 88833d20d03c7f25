-- What each session of closure-fleet asks for, kept by the database itself.
-- Needed behind a pooler that does not pass on what a session asks for as it connects; harmless without one.
-- Run once as the database's owner: psql -d closure -f session.sql
-- The values are the defaults of the release; `fleet doctor` compares them with what is in force.
\set ON_ERROR_STOP on
SELECT current_database() AS database \gset
-- Every plan is the right one for a large table from the start.
ALTER DATABASE :"database" SET enable_seqscan = off;
ALTER DATABASE :"database" SET enable_bitmapscan = off;
ALTER DATABASE :"database" SET enable_hashjoin = off;
ALTER DATABASE :"database" SET enable_mergejoin = off;
ALTER DATABASE :"database" SET jit = off;
-- A statement is planned once in a session, and not anew for each small batch.
ALTER DATABASE :"database" SET plan_cache_mode = 'force_generic_plan';
-- No statement and no lock outlives the worker's patience. `fleet migrate` takes its own time.
ALTER DATABASE :"database" SET statement_timeout = '5s';
ALTER DATABASE :"database" SET lock_timeout = '2s';
ALTER DATABASE :"database" SET idle_in_transaction_session_timeout = '10s';
