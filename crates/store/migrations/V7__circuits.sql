-- What all workers of one gateway have to know of each other: whether it is left alone, and how fast it may be asked.

CREATE TABLE circuit (
    provider      text        NOT NULL CHECK (provider IN ('nhn', 'infobip', 'twilio')),
    country_code  integer     NOT NULL CHECK (country_code BETWEEN 0 AND 999),
    failure_code  text        NOT NULL,
    opened_at     timestamptz NOT NULL DEFAULT now(),
    probe_at      timestamptz NOT NULL,
    probes_failed integer     NOT NULL DEFAULT 0 CHECK (probes_failed >= 0),
    prober        uuid,
    probing_until timestamptz,
    PRIMARY KEY (provider, country_code)
);

COMMENT ON TABLE circuit IS 'Gateways, and their ways to single countries, that failed for every job alike and are left alone; closed again, a circuit has no row (R14e).';
COMMENT ON COLUMN circuit.country_code IS '0 for the whole gateway.';
COMMENT ON COLUMN circuit.failure_code IS 'What the latest failure was, as a stable code.';
COMMENT ON COLUMN circuit.probe_at IS 'From then on one process may try one job.';
COMMENT ON COLUMN circuit.prober IS 'The process that has the right to that one try; it is over at probing_until.';

CREATE TABLE sending_rate (
    bucket  text        PRIMARY KEY,
    next_at timestamptz NOT NULL
);

COMMENT ON TABLE sending_rate IS 'When the next request of an account may begin; workers take slots from here in blocks.';
COMMENT ON COLUMN sending_rate.bucket IS 'A gateway, such as nhn, or its way to a country, such as nhn:84.';
