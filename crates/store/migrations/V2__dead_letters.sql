-- What waits for a person, and what people did about it.

CREATE TABLE dead_letter (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key               text        NOT NULL UNIQUE,
    job_id            uuid,
    channel           text        CHECK (channel IN ('sms', 'email', 'dial')),
    queue             text        NOT NULL,
    routing_key       text        NOT NULL,
    message_id        text,
    code              text        NOT NULL,
    detail            text        NOT NULL,
    body              bytea       NOT NULL,
    replay_body       bytea,
    headers           jsonb       NOT NULL DEFAULT '{}',
    state             text        NOT NULL CHECK (state IN ('open', 'replaying', 'resolved', 'discarded')),
    generation        integer     NOT NULL CHECK (generation >= 1),
    replay_generation integer,
    deaths            integer     NOT NULL DEFAULT 1 CHECK (deaths >= 1),
    first_died_at     timestamptz NOT NULL DEFAULT now(),
    last_died_at      timestamptz NOT NULL DEFAULT now(),
    settled_at        timestamptz
);

CREATE INDEX dead_letter_job ON dead_letter (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX dead_letter_state ON dead_letter (state, id);

COMMENT ON TABLE dead_letter IS 'A delivery or a message that nobody will try again unless a person says so.';
COMMENT ON COLUMN dead_letter.key IS 'job:<uuid> for a job of ours, bytes:<sha256> for a message that is none; one row each.';
COMMENT ON COLUMN dead_letter.queue IS 'The work queue that the message belonged to.';
COMMENT ON COLUMN dead_letter.body IS 'The original bytes, never changed. Personal data.';
COMMENT ON COLUMN dead_letter.replay_body IS 'What a person made of the bytes for the latest replay. Personal data.';
COMMENT ON COLUMN dead_letter.state IS 'open: waits. replaying: sent again, its end not known. resolved: came to an end. discarded: given up by a person.';
COMMENT ON COLUMN dead_letter.generation IS 'The generation that died last.';
COMMENT ON COLUMN dead_letter.replay_generation IS 'The generation of the latest replay.';
COMMENT ON COLUMN dead_letter.deaths IS 'How often it died.';

CREATE TABLE dead_letter_action (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dead_letter_id bigint      NOT NULL REFERENCES dead_letter (id),
    action         text        NOT NULL CHECK (action IN ('replay', 'discard')),
    actor          text        NOT NULL,
    reason         text        NOT NULL,
    generation     integer     NOT NULL,
    at             timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX dead_letter_action_letter ON dead_letter_action (dead_letter_id, id);

COMMENT ON TABLE dead_letter_action IS 'Who did what to a dead letter, and why; only ever added to.';
COMMENT ON COLUMN dead_letter_action.generation IS 'The generation that a replay made, or that was discarded.';
