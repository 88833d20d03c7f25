-- Jobs that the broker gave up after too many deliveries, on their way back to their own workers.
-- The broker counts a delivery whenever a connection breaks, which is no failure of the job; the dead worker may not
-- write to any channel, so that the channel's own worker publishes what stands here.

CREATE TABLE job_return (
    -- SHA-256 of the queue's name, a zero byte, and the message's bytes.
    fingerprint bytea PRIMARY KEY CHECK (octet_length(fingerprint) = 32),
    queue text NOT NULL,
    generation integer NOT NULL CHECK (generation >= 1),
    -- The message's bytes until it is published again; only the count outlasts that.
    body bytea,
    -- How often it was given back.
    times integer NOT NULL CHECK (times >= 1),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX job_return_due ON job_return (queue) WHERE body IS NOT NULL;
CREATE INDEX job_return_forgotten ON job_return (updated_at) WHERE body IS NULL;

COMMENT ON TABLE job_return IS 'Jobs that the broker gave up after too many deliveries and that go back to their workers, and how often each did.';
COMMENT ON COLUMN job_return.fingerprint IS 'SHA-256 of the queue''s name, a zero byte, and the message''s bytes.';
COMMENT ON COLUMN job_return.body IS 'The message''s bytes until it is published again. Personal data.';
COMMENT ON COLUMN job_return.times IS 'How often it was given back.';
