-- Who let a consultation be answered again after a cancellation or a revision that was a mistake.

CREATE TABLE tombstone_action (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consultation_id   text        NOT NULL,
    action            text        NOT NULL CHECK (action IN ('undo')),
    newest_revision   integer,
    cancelled_through integer,
    cancelled_by      text,
    cancel_reason     text,
    actor             text        NOT NULL,
    reason            text        NOT NULL,
    at                timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tombstone_action_consultation ON tombstone_action (consultation_id, id);

COMMENT ON TABLE tombstone_action IS 'Who took a consultation''s tombstone away, what stood in it, and why; only ever added to.';
COMMENT ON TABLE tombstone IS 'Which answers to a consultation are no longer wanted; a row only where a second revision or a cancellation came. Its numbers only ever rise, until a person takes the row away.';
COMMENT ON TABLE contact_tally IS 'How many text messages, calls and emails went out in a window (B5); windows that are over are removed by a sweep.';
COMMENT ON COLUMN contact_tally.counter IS 'number:, prefix: or address: and a SHA-256 of the digits or the address; country: and its code; or fleet. The window''s length stands behind it.';
