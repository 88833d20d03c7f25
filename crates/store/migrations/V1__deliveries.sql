-- What the workers own: deliveries, their attempts, and the receipts of providers.
--
-- Columns that change with every claim and settlement are in no index and in no index's predicate, so that these
-- updates stay on their page (HOT); a row enters an index again only when a sweep has to find it.

CREATE TABLE delivery (
    job_id          uuid        PRIMARY KEY,
    channel         text        NOT NULL CHECK (channel IN ('sms', 'email', 'dial')),
    kind            text        NOT NULL,
    consultation_id text        NOT NULL,
    revision        integer     NOT NULL CHECK (revision >= 0),
    generation      integer     NOT NULL CHECK (generation >= 1),
    state           text        NOT NULL CHECK (state IN (
                        'pending', 'sending', 'in_doubt', 'waiting', 'accepted', 'delivered', 'undelivered',
                        'unknown', 'refused', 'expired', 'dead', 'discarded', 'superseded', 'cancelled')),
    body            bytea       NOT NULL,
    body_hash       bytea       NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lookups         integer     NOT NULL DEFAULT 0 CHECK (lookups >= 0),
    resends         integer     NOT NULL DEFAULT 0 CHECK (resends >= 0),
    lease_token     uuid,
    lease_until     timestamptz,
    lease_for       text        CHECK (lease_for IN ('try', 'find_out', 'resend')),
    client_ref      uuid,
    tried_at        timestamptz,
    provider        text        CHECK (provider IN ('nhn', 'smtp', 'asterisk')),
    provider_ref    text,
    accepted_at     timestamptz,
    receipt_due_at  timestamptz,
    evidence        text        NOT NULL DEFAULT 'none' CHECK (evidence IN ('none', 'gateway', 'carrier', 'handset')),
    failure_code    text,
    detail          text,
    rules           jsonb       NOT NULL DEFAULT '[]',
    call            jsonb,
    source_job_id   uuid,
    fallback_job_id uuid,
    rendered        bytea,
    look_at         timestamptz,
    announce_since  timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX delivery_source_job ON delivery (source_job_id) WHERE source_job_id IS NOT NULL;
CREATE INDEX delivery_consultation ON delivery (consultation_id);
CREATE INDEX delivery_look_at ON delivery (channel, look_at) WHERE look_at IS NOT NULL;
CREATE INDEX delivery_announce_since ON delivery (announce_since) WHERE announce_since IS NOT NULL;

COMMENT ON TABLE delivery IS 'Our record of one job; one row for ever, whatever is replayed.';
COMMENT ON COLUMN delivery.job_id IS 'The CRM''s name for the job; of a fallback email, derived from the SMS job.';
COMMENT ON COLUMN delivery.kind IS 'Kind and major version of the body, such as closure.sms/1.';
COMMENT ON COLUMN delivery.generation IS '1 as published by the CRM; one more for each replay by a person.';
COMMENT ON COLUMN delivery.state IS 'pending: nobody has tried. sending: a try is under way, or its process died. in_doubt: the request may have reached the customer. waiting: a retry is on its way. accepted: the provider took it (final for email). delivered, undelivered, unknown (nobody will ever tell), refused (never sent), expired (too late): final. dead: waits for a person. discarded: a person gave it up. superseded, cancelled: reserved.';
COMMENT ON COLUMN delivery.body IS 'The message''s bytes of this generation. Personal data.';
COMMENT ON COLUMN delivery.body_hash IS 'SHA-256 of the body; the same job with other bytes is a conflict.';
COMMENT ON COLUMN delivery.attempts IS 'The number of the latest try in this generation; a try that was given back does not count.';
COMMENT ON COLUMN delivery.lookups IS 'How often the provider was asked about the latest try and knew nothing.';
COMMENT ON COLUMN delivery.resends IS 'How often it was sent again because of a doubt, in this generation.';
COMMENT ON COLUMN delivery.lease_token IS 'Who holds the delivery, or settled it last; a settlement needs the same token.';
COMMENT ON COLUMN delivery.lease_until IS 'When the lease is over, by this database''s clock.';
COMMENT ON COLUMN delivery.lease_for IS 'Null: nobody holds it. try: to make the next attempt. find_out: to learn what became of the last one. resend: to make another one because of a doubt.';
COMMENT ON COLUMN delivery.client_ref IS 'Our name of the latest try towards the provider.';
COMMENT ON COLUMN delivery.tried_at IS 'When the latest try began.';
COMMENT ON COLUMN delivery.provider_ref IS 'The provider''s own reference of the latest accepted try.';
COMMENT ON COLUMN delivery.receipt_due_at IS 'After this time silence counts as an answer.';
COMMENT ON COLUMN delivery.evidence IS 'What a delivered is worth.';
COMMENT ON COLUMN delivery.failure_code IS 'Why, as a stable code.';
COMMENT ON COLUMN delivery.detail IS 'Why, for people; without personal data.';
COMMENT ON COLUMN delivery.rules IS 'Every rule that had a say.';
COMMENT ON COLUMN delivery.call IS 'The K-RIDE record of an outbound call (R4). Personal data.';
COMMENT ON COLUMN delivery.source_job_id IS 'Of a fallback email: the SMS job that it stands in for. Unique, so that there is one.';
COMMENT ON COLUMN delivery.fallback_job_id IS 'Of an SMS: the email job that answers in its place.';
COMMENT ON COLUMN delivery.rendered IS 'The bytes as first rendered, sent again unchanged. Personal data.';
COMMENT ON COLUMN delivery.look_at IS 'When a sweep has to look at it: an overdue receipt, a receipt matched late, a call to watch.';
COMMENT ON COLUMN delivery.announce_since IS 'The CRM is owed an outcome since then, and no message stands for the debt.';
COMMENT ON COLUMN delivery.ended_at IS 'When it came to an end; null while it goes on.';

CREATE TABLE attempt (
    job_id       uuid        NOT NULL,
    generation   integer     NOT NULL,
    number       integer     NOT NULL CHECK (number >= 1),
    client_ref   uuid        NOT NULL UNIQUE,
    provider     text        NOT NULL,
    provider_ref text,
    state        text        NOT NULL CHECK (state IN ('sending', 'accepted', 'failed', 'in_doubt')),
    failure_code text,
    detail       text,
    started_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (job_id, generation, number)
) WITH (fillfactor = 80);

CREATE INDEX attempt_provider_ref ON attempt (provider, provider_ref) WHERE provider_ref IS NOT NULL;

COMMENT ON TABLE attempt IS 'One try at a provider, committed before the provider is called; a try that was given back leaves no row.';
COMMENT ON COLUMN attempt.client_ref IS 'Our name for the try, derived from job, generation and number; the provider echoes it.';
COMMENT ON COLUMN attempt.state IS 'sending: begun. accepted: the provider took it. failed: it did not. in_doubt: nobody can tell.';

CREATE TABLE receipt (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider      text        NOT NULL,
    receipt_id    text        NOT NULL,
    provider_ref  text,
    client_ref    uuid,
    status        text        NOT NULL CHECK (status IN ('in_transit', 'delivered', 'undelivered', 'expired', 'unknown')),
    evidence      text        NOT NULL CHECK (evidence IN ('none', 'gateway', 'carrier', 'handset')),
    provider_code text,
    occurred_at   timestamptz,
    received_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    inbox_since   timestamptz,
    job_id        uuid,
    generation    integer,
    number        integer,
    UNIQUE (provider, receipt_id)
);

CREATE INDEX receipt_job ON receipt (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX receipt_inbox_ref ON receipt (provider_ref, provider) WHERE job_id IS NULL;
CREATE INDEX receipt_inbox_age ON receipt (inbox_since) WHERE inbox_since IS NOT NULL;

COMMENT ON TABLE receipt IS 'Every word of a provider about a message, once.';
COMMENT ON COLUMN receipt.receipt_id IS 'What makes the statement unique at its provider.';
COMMENT ON COLUMN receipt.job_id IS 'The delivery that it speaks of; null while it matches none.';
COMMENT ON COLUMN receipt.inbox_since IS 'Since when it has matched none; null once it does.';
COMMENT ON COLUMN receipt.generation IS 'The generation whose attempt it speaks of: it says nothing about a later one.';
COMMENT ON COLUMN receipt.number IS 'The attempt that it speaks of.';
COMMENT ON COLUMN receipt.received_at IS 'When the intake had it, by the intake''s clock.';
