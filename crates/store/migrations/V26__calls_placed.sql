-- A call is on record before the PBX is asked to place it, with what was decided about it; an agent has one at a time.

ALTER TABLE delivery
    ADD COLUMN handed_over boolean,
    ADD COLUMN fresh_until timestamptz,
    ADD COLUMN gone_since timestamptz,
    ADD COLUMN hung_up_at timestamptz;

COMMENT ON COLUMN delivery.handed_over IS 'Of a call: whether the PBX may have been asked to place its latest try; null where the worker does not say, and then it may.';
COMMENT ON COLUMN delivery.fresh_until IS 'Of a call: from then on it rings nobody who has not answered; null where the job names no click.';
COMMENT ON COLUMN delivery.gone_since IS 'Of a call: since when the PBX has known no such channel, while its record tells no end.';
COMMENT ON COLUMN delivery.hung_up_at IS 'Of a call: when we hung it up because nobody had answered while its click was fresh.';

CREATE TABLE agent_call (
    extension text        PRIMARY KEY,
    job_id    uuid        NOT NULL,
    since     timestamptz NOT NULL
);

COMMENT ON TABLE agent_call IS 'The latest call of each agent''s phone; it keeps others away as long as its delivery is open.';
COMMENT ON COLUMN agent_call.extension IS 'The agent''s phone, in digits.';
COMMENT ON COLUMN agent_call.job_id IS 'The call''s delivery.';
COMMENT ON COLUMN agent_call.since IS 'When the PBX was about to be asked to place it.';
