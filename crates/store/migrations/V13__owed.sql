-- What the fleet owes to others, and the number of the word that the CRM is told about a delivery.
--
-- A debt is written by the same commit that makes it, whatever statement and whatever release commits: triggers write
-- it, so that no statement can forget it. It stands in a narrow table of its own, because an update of a delivery's
-- indexed column would write the whole row into all its indexes, twice for each word.

-- Without a default for rows that are there: the table is not rewritten. Null reads as the first word.
ALTER TABLE delivery
    ADD COLUMN words integer,
    ADD COLUMN unjudged boolean NOT NULL DEFAULT false;
ALTER TABLE delivery ALTER COLUMN words SET DEFAULT 0;

COMMENT ON COLUMN delivery.words IS 'How many different words about this generation the CRM is told; null for what ended before words were counted, which is one.';
COMMENT ON COLUMN delivery.unjudged IS 'Of an SMS: its try ended it, and whether an email answers is still to be decided, so that no word is told yet.';
COMMENT ON COLUMN delivery.announce_since IS 'Written by older releases alone; see the table owed.';

CREATE TABLE owed (
    job_id     uuid        PRIMARY KEY,
    generation integer     NOT NULL,
    word       integer     NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    looked_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX owed_looked_at ON owed (looked_at);

COMMENT ON TABLE owed IS 'Deliveries of which somebody is still to be told: the CRM how it ended, or a worker that there is work. Paid once the broker has confirmed it; a sweep tells what is owed for long.';
COMMENT ON COLUMN owed.word IS 'The number of the word that is owed; 0 for the job itself, or for the decision whether an email answers.';
COMMENT ON COLUMN owed.since IS 'Since when.';
COMMENT ON COLUMN owed.looked_at IS 'When a sweep took it up last; before that, since when.';

INSERT INTO owed (job_id, generation, word, since, looked_at)
SELECT job_id, generation, 1, announce_since, announce_since FROM delivery WHERE announce_since IS NOT NULL;

-- Whoever may change a delivery makes its debt, without a right of its own to the table.
CREATE FUNCTION owe(job uuid, edition integer, number integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO owed AS o (job_id, generation, word) VALUES (job, edition, number)
    ON CONFLICT (job_id) DO UPDATE SET
        generation = excluded.generation, word = excluded.word, since = excluded.since, looked_at = excluded.looked_at
$$;

-- A delivery that begins without a try is an email in place of a text message: its job, or the word of its death.
CREATE FUNCTION delivery_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM owe(NEW.job_id, NEW.generation, NEW.words);
    RETURN NULL;
END $$;

-- What the CRM would be told of has changed, or a person sends the job again.
--
-- A change that the CRM acts upon is one more word. Any other change of what was told is undone: the same word is
-- told with the same content for ever.
CREATE FUNCTION delivery_speaks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    spoke CONSTANT boolean := OLD.held_since IS NULL AND NOT OLD.unjudged
        AND OLD.state NOT IN ('pending', 'sending', 'in_doubt', 'waiting')
        AND (OLD.channel = 'email' OR OLD.state <> 'accepted');
BEGIN
    IF NEW.generation <> OLD.generation THEN
        NEW.words := 0;
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
        RETURN NEW;
    ELSE
        RETURN NEW;
    END IF;
    PERFORM owe(NEW.job_id, NEW.generation, NEW.words);
    RETURN NEW;
END $$;

CREATE TRIGGER delivery_begins AFTER INSERT ON delivery FOR EACH ROW
WHEN (NEW.state <> 'sending' AND NEW.source_job_id IS NOT NULL)
EXECUTE FUNCTION delivery_begins();

-- The condition keeps claims, tries and the acceptance of a text message free of any cost.
CREATE TRIGGER delivery_speaks BEFORE UPDATE ON delivery FOR EACH ROW
WHEN (
    NEW.generation <> OLD.generation
    OR NEW.state NOT IN ('pending', 'sending', 'in_doubt', 'waiting')
    AND (NEW.channel = 'email' OR NEW.state <> 'accepted')
    AND (
        NEW.state, NEW.failure_code, NEW.detail, NEW.evidence, NEW.attempts, NEW.rules, NEW.fallback_job_id,
        NEW.held_since, NEW.ended_at, NEW.call, NEW.unjudged
    ) IS DISTINCT FROM (
        OLD.state, OLD.failure_code, OLD.detail, OLD.evidence, OLD.attempts, OLD.rules, OLD.fallback_job_id,
        OLD.held_since, OLD.ended_at, OLD.call, OLD.unjudged
    )
)
EXECUTE FUNCTION delivery_speaks();
