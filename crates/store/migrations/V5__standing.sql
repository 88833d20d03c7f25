-- What is known beside a job: newer revisions and cancellations of its consultation, recipients who are not to be
-- contacted, and how often a number, a country and the whole fleet were contacted.

CREATE TABLE tombstone (
    consultation_id   text        PRIMARY KEY,
    newest_revision   integer     CHECK (newest_revision >= 2),
    cancelled_through integer     CHECK (cancelled_through >= 0),
    cancel_id         uuid,
    cancelled_by      text,
    cancel_reason     text,
    cancelled_at      timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE tombstone IS 'Which answers to a consultation are no longer wanted; a row only where a second revision or a cancellation came, and its numbers only ever rise.';
COMMENT ON COLUMN tombstone.newest_revision IS 'Every lower revision that was not sent is superseded (B2).';
COMMENT ON COLUMN tombstone.cancelled_through IS 'This revision and every lower one that was not sent is cancelled (B3).';
COMMENT ON COLUMN tombstone.cancel_id IS 'The cancellation that raised cancelled_through last.';

CREATE TABLE suppression (
    kind       text        NOT NULL CHECK (kind IN ('phone', 'email')),
    value_hash bytea       NOT NULL,
    masked     text        NOT NULL,
    source     text        NOT NULL CHECK (source IN ('operator', 'hard_bounce', 'opt_out')),
    actor      text        NOT NULL,
    reason     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, value_hash)
);

CREATE INDEX suppression_created ON suppression (created_at, value_hash);

COMMENT ON TABLE suppression IS 'Recipients who are not to be contacted (B6).';
COMMENT ON COLUMN suppression.value_hash IS 'SHA-256 of the number''s digits or of the address in lower case: it can be matched, and is not another copy of personal data.';
COMMENT ON COLUMN suppression.masked IS 'For people, with its middle hidden.';

CREATE TABLE suppression_action (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action     text        NOT NULL CHECK (action IN ('add', 'remove')),
    kind       text        NOT NULL,
    value_hash bytea       NOT NULL,
    masked     text        NOT NULL,
    source     text        NOT NULL,
    actor      text        NOT NULL,
    reason     text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE suppression_action IS 'Who put a recipient on the suppression list or took it off, and why; only ever added to.';

CREATE TABLE contact_tally (
    counter      text        NOT NULL,
    window_start timestamptz NOT NULL,
    window_end   timestamptz NOT NULL,
    count        integer     NOT NULL CHECK (count >= 0),
    PRIMARY KEY (counter, window_start)
) WITH (fillfactor = 70);

CREATE INDEX contact_tally_end ON contact_tally (window_end);

COMMENT ON TABLE contact_tally IS 'How many text messages and calls went out in a window (B5); windows that are over are removed by a sweep.';
COMMENT ON COLUMN contact_tally.counter IS 'number: and the SHA-256 of the number''s digits; country: and its code; or fleet.';
