-- As in the two migrations before: the list of providers is the release's.
--
-- Everybody writes this table, and whoever comes behind the lock waits; not beside a dump, which holds it for long.

ALTER TABLE delivery DROP CONSTRAINT delivery_provider_check;

COMMENT ON COLUMN delivery.provider IS 'Who carries the latest try, by its name on the wire; null before the first.';
