-- As in the migration before: the list of providers is the release's.

ALTER TABLE circuit DROP CONSTRAINT circuit_provider_check;

COMMENT ON COLUMN circuit.provider IS 'The gateway, or the mail server, by its name on the wire.';
