-- Another gateway is no migration: which providers there are is said once, by the closed list of the release that runs.
--
-- These checks said it again in three tables.
-- They kept nothing out: only a release writes the column, by its own list, and reads it by that list, and calls a name
-- that is not in it a row of a newer release, as with every other closed set of words.
-- A table of names with a foreign key in place of the checks would have every delivery of the fleet lock one of three rows.
--
-- Dropping a check reads no row, so that each table is locked for a moment alone; `delivery`, which everybody writes, is
-- the last, so that its lock is held the shortest.

ALTER TABLE brake DROP CONSTRAINT brake_provider_check;
ALTER TABLE circuit DROP CONSTRAINT circuit_provider_check;
ALTER TABLE delivery DROP CONSTRAINT delivery_provider_check;

COMMENT ON COLUMN brake.provider IS 'The gateway, by its name on the wire.';
COMMENT ON COLUMN circuit.provider IS 'The gateway, or the mail server, by its name on the wire.';
COMMENT ON COLUMN delivery.provider IS 'Who carries the latest try, by its name on the wire; null before the first.';
