-- When a job's message is due home from the broker's delays: a broker that forwards nothing from them says so nowhere.

ALTER TABLE delivery ADD COLUMN home_at timestamptz;

-- What waits already waits for one step of at most an hour.
UPDATE delivery SET home_at = updated_at + interval '1 hour' WHERE state IN ('waiting', 'in_doubt') AND lease_until IS NULL;

CREATE INDEX delivery_home_at ON delivery (home_at) WHERE home_at IS NOT NULL;

COMMENT ON COLUMN delivery.home_at IS 'When the message that waits in a delay of the broker for its next try is due home; null once a try was settled.';

-- What the provider said when it failed last, in its own words.
ALTER TABLE circuit ADD COLUMN detail text;

COMMENT ON COLUMN circuit.detail IS 'What the provider said, masked; null where receipts opened the circuit, or a worker of an older release did.';
