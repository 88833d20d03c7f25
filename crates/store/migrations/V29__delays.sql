-- When a job's message is due home from the broker's delays: a broker that forwards nothing from them says so nowhere.
--
-- A table of its own, because a column of `delivery` would want an index, and with it a walk through all deliveries now
-- and another version of the row at each wait.

CREATE TABLE delayed (
    job_id  uuid        PRIMARY KEY,
    channel text        NOT NULL,
    due_at  timestamptz NOT NULL
);

CREATE INDEX delayed_due_at ON delayed (due_at);

COMMENT ON TABLE delayed IS 'Jobs whose message waits in a delay of the broker for its next try; a settlement takes them out.';
COMMENT ON COLUMN delayed.job_id IS 'The delivery.';
COMMENT ON COLUMN delayed.channel IS 'The channel whose work queue it comes home to.';
COMMENT ON COLUMN delayed.due_at IS 'When the message is due home.';

-- What the provider said when it failed last, in its own words.
ALTER TABLE circuit ADD COLUMN detail text;

COMMENT ON COLUMN circuit.detail IS 'What the provider said, masked; null where receipts opened the circuit, or a worker of an older release did.';
