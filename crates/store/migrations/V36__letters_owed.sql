-- What a person's decision about a letter still owes: a replay its message, and a letter given up its word to the CRM.

ALTER TABLE dead_letter
    ADD COLUMN published_at timestamptz,
    ADD COLUMN publish_at timestamptz,
    ADD COLUMN announce_at timestamptz;

COMMENT ON COLUMN dead_letter.published_at IS 'When the broker confirmed the message of the latest replay, or a worker was found to have it.';
COMMENT ON COLUMN dead_letter.publish_at IS 'When the message of the replay is published by a worker of its queue, should it not be by then; null where nothing is owed.';
COMMENT ON COLUMN dead_letter.announce_at IS 'When the delivery of a letter that was given up is discarded and the CRM hears of it; until then it can be taken back unheard.';

CREATE INDEX dead_letter_publish_at ON dead_letter (publish_at) WHERE publish_at IS NOT NULL;
CREATE INDEX dead_letter_announce_at ON dead_letter (announce_at) WHERE announce_at IS NOT NULL;

ALTER TABLE dead_letter_action DROP CONSTRAINT dead_letter_action_action_check;
ALTER TABLE dead_letter_action ADD CONSTRAINT dead_letter_action_action_check
    CHECK (action IN ('replay', 'discard', 'reopen', 'assign', 'note', 'snooze', 'edit'));

-- A replay is owed from its own commit on, whatever release makes it; nothing is owed of a letter that goes on.
CREATE FUNCTION dead_letter_owes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'replaying' THEN
        NEW.published_at := NULL;
        NEW.publish_at := now() + interval '30 seconds';
    ELSE
        NEW.publish_at := NULL;
    END IF;
    IF NEW.state <> 'discarded' THEN
        NEW.announce_at := NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER dead_letter_owes BEFORE UPDATE OF state, replay_generation ON dead_letter FOR EACH ROW
WHEN ((NEW.state, NEW.replay_generation) IS DISTINCT FROM (OLD.state, OLD.replay_generation))
EXECUTE FUNCTION dead_letter_owes();

-- The messages of replays that are due, each to one caller, and to it again should it not say that it published them.
-- The workers of a channel may read no letter's bytes but these, which are on their way to them.
CREATE FUNCTION owed_replays(of_queues text[], at_most integer)
RETURNS TABLE (
    id bigint, job_id uuid, queue text, routing_key text, message_id text, kind text, body bytea, generation integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT l.id FROM dead_letter AS l
        WHERE l.publish_at <= now() AND l.queue = ANY (of_queues)
        ORDER BY l.publish_at LIMIT at_most
        FOR UPDATE SKIP LOCKED
    ), owed AS MATERIALIZED (
        SELECT
            l.id, CASE WHEN l.key = 'job:' || l.job_id THEN l.job_id END AS job_id, l.queue, l.routing_key,
            l.message_id, d.kind, coalesce(d.body, l.replay_body, l.body) AS body, l.replay_generation,
            -- Only what no worker has had in hand can be missing.
            d.job_id IS NULL OR (d.state = 'pending' AND d.generation = l.replay_generation) AS is_owed
        FROM dead_letter AS l
        LEFT JOIN delivery AS d ON d.job_id = l.job_id AND l.key = 'job:' || l.job_id
        WHERE l.id = ANY (ARRAY (SELECT due.id FROM due))
    ), looked_at AS (
        UPDATE dead_letter AS l SET
            publish_at = CASE WHEN o.is_owed THEN now() + interval '30 seconds' END,
            published_at = CASE WHEN NOT o.is_owed THEN now() END
        FROM owed AS o
        WHERE l.id = o.id AND l.id = ANY (ARRAY (SELECT due.id FROM due))
    )
    SELECT
        o.id, o.job_id, o.queue, o.routing_key, o.message_id, o.kind, o.body,
        CASE WHEN o.job_id IS NULL THEN 1 ELSE o.replay_generation END
    FROM owed AS o WHERE o.is_owed;
END $$;

REVOKE ALL ON FUNCTION owed_replays(text[], integer) FROM PUBLIC;

-- That the CRM has heard of a letter given up is a change that a decision to take it back must have seen.
DROP TRIGGER dead_letter_changes ON dead_letter;
CREATE TRIGGER dead_letter_changes BEFORE UPDATE ON dead_letter FOR EACH ROW
WHEN (
    (NEW.state, NEW.code, NEW.detail, NEW.headers, NEW.generation, NEW.replay_generation, NEW.replay_body, NEW.deaths,
        NEW.announce_at)
    IS DISTINCT FROM
    (OLD.state, OLD.code, OLD.detail, OLD.headers, OLD.generation, OLD.replay_generation, OLD.replay_body, OLD.deaths,
        OLD.announce_at)
)
EXECUTE FUNCTION dead_letter_changes();

-- A replay that an earlier release left without its message is owed like any other.
UPDATE dead_letter SET publish_at = now() + interval '30 seconds' WHERE state = 'replaying';
