-- Another gateway is no migration: which providers there are is said once, by the closed list of the release that runs.
--
-- This check and those of the next two migrations said it again.
-- They kept nothing out: only a release writes the column, by its own list, and reads it by that list, and calls a name
-- that is not in it a row of a newer release, as with every other closed set of words.
-- A table of names with a foreign key in place of the checks would have every delivery of the fleet lock one of three rows.
--
-- Dropping a check reads no row. Each table has a migration, and so a transaction, of its own, so that none is locked
-- while another one is waited for.

ALTER TABLE brake DROP CONSTRAINT brake_provider_check;

COMMENT ON COLUMN brake.provider IS 'The gateway, by its name on the wire.';
