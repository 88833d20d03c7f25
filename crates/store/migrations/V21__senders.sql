-- The sender that a text message was to have, and the one that its gateway says it had (R11, R12).

ALTER TABLE receipt ADD COLUMN reported_sender text;
ALTER TABLE delivery
    ADD COLUMN sender_asked text,
    ADD COLUMN sender_reported text;

COMMENT ON COLUMN receipt.reported_sender IS 'The sender that the gateway says the message had, where it says one; it decides nothing.';
COMMENT ON COLUMN delivery.sender_asked IS 'Of an SMS: the sender that the gateway was asked to show in this generation; null where none was asked.';
COMMENT ON COLUMN delivery.sender_reported IS 'Of an SMS: the sender that the gateway''s receipt or look-up names, as it stood when the CRM was told; null where neither names any.';

-- What the CRM would be told of has changed, or a person sends the job again.
--
-- A change that the CRM acts upon is one more word. Any other change of what was told is undone: the same word is
-- told with the same content for ever. A new generation has had no sender yet.
CREATE OR REPLACE FUNCTION delivery_speaks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    spoke CONSTANT boolean := OLD.held_since IS NULL AND NOT OLD.unjudged
        AND OLD.state NOT IN ('pending', 'sending', 'in_doubt', 'waiting')
        AND (OLD.channel = 'email' OR OLD.state <> 'accepted');
BEGIN
    IF NEW.generation <> OLD.generation THEN
        NEW.words := 0;
        NEW.sender_asked := NULL;
        NEW.sender_reported := NULL;
    ELSIF (NEW.state, NEW.failure_code, NEW.evidence, NEW.fallback_job_id, NEW.unjudged, NEW.held_since IS NULL)
        IS DISTINCT FROM
        (OLD.state, OLD.failure_code, OLD.evidence, OLD.fallback_job_id, OLD.unjudged, OLD.held_since IS NULL)
    THEN
        NEW.words := coalesce(OLD.words, spoke::integer);
        IF NEW.held_since IS NOT NULL THEN
            RETURN NEW;
        END IF;
        IF NOT NEW.unjudged THEN
            NEW.words := NEW.words + 1;
        END IF;
    ELSIF spoke THEN
        NEW.detail := OLD.detail;
        NEW.rules := OLD.rules;
        NEW.attempts := OLD.attempts;
        NEW.call := OLD.call;
        NEW.ended_at := OLD.ended_at;
        NEW.sender_asked := OLD.sender_asked;
        NEW.sender_reported := OLD.sender_reported;
        RETURN NEW;
    ELSE
        RETURN NEW;
    END IF;
    PERFORM owe(NEW.job_id, NEW.generation, NEW.words);
    RETURN NEW;
END $$;

-- The condition keeps claims, tries and the acceptance of a text message free of any cost.
DROP TRIGGER delivery_speaks ON delivery;

CREATE TRIGGER delivery_speaks BEFORE UPDATE ON delivery FOR EACH ROW
WHEN (
    NEW.generation <> OLD.generation
    OR NEW.state NOT IN ('pending', 'sending', 'in_doubt', 'waiting')
    AND (NEW.channel = 'email' OR NEW.state <> 'accepted')
    AND (
        NEW.state, NEW.failure_code, NEW.detail, NEW.evidence, NEW.attempts, NEW.rules, NEW.fallback_job_id,
        NEW.held_since, NEW.ended_at, NEW.call, NEW.unjudged, NEW.sender_asked, NEW.sender_reported
    ) IS DISTINCT FROM (
        OLD.state, OLD.failure_code, OLD.detail, OLD.evidence, OLD.attempts, OLD.rules, OLD.fallback_job_id,
        OLD.held_since, OLD.ended_at, OLD.call, OLD.unjudged, OLD.sender_asked, OLD.sender_reported
    )
)
EXECUTE FUNCTION delivery_speaks();
