-- The CRM's side of closure jobs, for PostgreSQL; README.md says what MySQL and Oracle write otherwise.

-- What is to be published. Whoever closes a consultation writes its job here in the same transaction.
CREATE TABLE outbox (
    message_id   uuid PRIMARY KEY,  -- the job_id, or the cancel_id of a cancellation
    kind         text NOT NULL CHECK (kind ~ '^closure\.(sms|email|dial|cancel)/1$'),
    -- The very bytes: published again after an unknown end they must be the same, which jsonb would not keep.
    body         bytea NOT NULL CHECK (octet_length(body) <= 65536),
    position     bigint GENERATED ALWAYS AS IDENTITY,
    written_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz  -- null until the broker has it
);
-- A row may commit after one with a higher position, so that a relay asks what is unconfirmed, never "what is newer".
CREATE INDEX outbox_unconfirmed ON outbox (position) WHERE confirmed_at IS NULL;

-- What came of each job: the one word that holds, by the highest generation and word.
CREATE TABLE inbox (
    job_id     uuid PRIMARY KEY,  -- an email in the place of a text message has a row too, which no outbox has
    generation bigint NOT NULL,
    word       bigint NOT NULL,
    outcome_id uuid NOT NULL UNIQUE,
    channel    text NOT NULL,
    outcome    text NOT NULL,
    code       text,
    body       json NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);

-- Every other kind of message, answers to cancellations too, and what cannot be read: each once, until a program of
-- yours takes it up.
CREATE TABLE inbox_aside (
    message_id text PRIMARY KEY,
    kind       text,
    body       bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
