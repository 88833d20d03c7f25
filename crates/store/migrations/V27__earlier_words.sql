-- What the CRM was told of a job before the word that holds now.
--
-- The delivery keeps its latest word alone. A trigger copies the one before at the moment in which another takes its
-- place, whatever statement and whatever release changes the row; a job that is told once costs nothing.

CREATE TABLE earlier_word (
    -- Whoever deletes a delivery at the end of its retention deletes its words with it.
    job_id       uuid        NOT NULL REFERENCES delivery (job_id) ON DELETE CASCADE,
    generation   integer     NOT NULL,
    word         integer     NOT NULL,
    state        text        NOT NULL,
    failure_code text,
    evidence     text        NOT NULL,
    at           timestamptz NOT NULL,
    told         boolean     NOT NULL,
    PRIMARY KEY (job_id, generation, word)
);

COMMENT ON TABLE earlier_word IS 'Words about a delivery in whose place the CRM is told another: those of its generation, and the last of each generation that was replayed.';
COMMENT ON COLUMN earlier_word.word IS 'The number of the word within its generation, from 1.';
COMMENT ON COLUMN earlier_word.state IS 'Where the delivery stood.';
COMMENT ON COLUMN earlier_word.at IS 'When it came to that end, as the outcome says.';
COMMENT ON COLUMN earlier_word.told IS 'Whether nothing was owed about the delivery when the next word took the place of this one: the broker had confirmed it.';

-- It has rights of its own, because nobody who changes a delivery may write here.
CREATE FUNCTION delivery_keeps_its_word() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- The same word is kept once, also where it is taken back, held, and told anew.
    INSERT INTO earlier_word (job_id, generation, word, state, failure_code, evidence, at, told)
    VALUES (
        OLD.job_id, OLD.generation, greatest(coalesce(OLD.words, 1), 1), OLD.state, OLD.failure_code, OLD.evidence,
        coalesce(OLD.ended_at, OLD.updated_at), NOT EXISTS (SELECT FROM owed AS o WHERE o.job_id = OLD.job_id)
    )
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;

-- Triggers of one kind run in the order of their names: this one sees what is owed before `delivery_speaks` changes it.
-- The conditions are those under which a delivery has spoken, and under which it says something else.
CREATE TRIGGER delivery_keeps_its_word BEFORE UPDATE ON delivery FOR EACH ROW
WHEN (
    OLD.held_since IS NULL AND NOT OLD.unjudged
    AND OLD.state NOT IN ('pending', 'sending', 'in_doubt', 'waiting')
    AND (OLD.channel = 'email' OR OLD.state <> 'accepted')
    AND (
        NEW.generation, NEW.state, NEW.failure_code, NEW.evidence, NEW.fallback_job_id, NEW.unjudged,
        NEW.held_since IS NULL
    ) IS DISTINCT FROM (
        OLD.generation, OLD.state, OLD.failure_code, OLD.evidence, OLD.fallback_job_id, OLD.unjudged,
        OLD.held_since IS NULL
    )
)
EXECUTE FUNCTION delivery_keeps_its_word();
