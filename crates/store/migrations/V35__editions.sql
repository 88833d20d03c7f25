-- What was true of a job and of its letter stays on record when something else takes its place.
--
-- A replay begins a generation with nothing of the one before, and a letter that dies again says only why it died last.
-- Triggers copy what goes, whatever statement and whatever release changes the row, as with the earlier words: a job
-- that never dies writes nothing here, and no claim, try or settlement names the columns that they watch.

-- Workers change a delivery before its letter: this waits for both in that order, so that none of the two waits for ever.
LOCK TABLE delivery IN SHARE ROW EXCLUSIVE MODE;

CREATE TABLE delivery_edition (
    job_id          uuid        NOT NULL REFERENCES delivery (job_id) ON DELETE CASCADE,
    generation      integer     NOT NULL,
    body            bytea       NOT NULL,
    rendered        bytea,
    call            jsonb,
    state           text        NOT NULL,
    failure_code    text,
    detail          text,
    evidence        text        NOT NULL,
    rules           jsonb       NOT NULL,
    attempts        integer     NOT NULL,
    provider        text,
    provider_ref    text,
    sender_asked    text,
    sender_reported text,
    accepted_at     timestamptz,
    ended_at        timestamptz,
    made_by         text,
    reason          text,
    made_at         timestamptz NOT NULL,
    replaced_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, generation)
);

COMMENT ON TABLE delivery_edition IS 'Generations of a job in whose place a person''s replay put another, as they ended. They go with the delivery.';
COMMENT ON COLUMN delivery_edition.body IS 'The message''s bytes of this generation. Personal data.';
COMMENT ON COLUMN delivery_edition.rendered IS 'The bytes as they were rendered. Personal data.';
COMMENT ON COLUMN delivery_edition.call IS 'The K-RIDE record of an outbound call (R4). Personal data.';
COMMENT ON COLUMN delivery_edition.state IS 'Where the delivery stood at the end of this generation.';
COMMENT ON COLUMN delivery_edition.made_by IS 'Whose replay made this generation; null for what the CRM published.';
COMMENT ON COLUMN delivery_edition.reason IS 'Why, in that person''s words.';
COMMENT ON COLUMN delivery_edition.made_at IS 'When this generation was made, or first claimed.';
COMMENT ON COLUMN delivery_edition.replaced_at IS 'When the next generation took its place.';

CREATE TABLE letter_death (
    letter_id     bigint      NOT NULL REFERENCES dead_letter (id) ON DELETE CASCADE,
    number        integer     NOT NULL CHECK (number >= 1),
    generation    integer     NOT NULL,
    code          text        NOT NULL,
    detail        text        NOT NULL,
    headers       jsonb       NOT NULL,
    provider      text,
    provider_code text,
    said          text,
    at            timestamptz NOT NULL,
    PRIMARY KEY (letter_id, number)
);

COMMENT ON TABLE letter_death IS 'Deaths of a letter before its last one, which the letter itself tells.';
COMMENT ON COLUMN letter_death.number IS 'Which of its deaths it was, from 1.';
COMMENT ON COLUMN letter_death.provider IS 'The provider of the latest try of that generation, where one was made.';
COMMENT ON COLUMN letter_death.provider_code IS 'The provider''s own code, as its latest receipt of that generation has it.';
COMMENT ON COLUMN letter_death.said IS 'What was put on record of the latest try; masked, for people.';

CREATE TABLE letter_edition (
    letter_id  bigint      NOT NULL REFERENCES dead_letter (id) ON DELETE CASCADE,
    number     integer     NOT NULL CHECK (number >= 1),
    generation integer     NOT NULL,
    body       bytea       NOT NULL,
    made_by    text,
    reason     text,
    made_at    timestamptz,
    PRIMARY KEY (letter_id, number)
);

COMMENT ON TABLE letter_edition IS 'What people made of a letter''s bytes for a replay before the latest one, as far as no delivery has it.';
COMMENT ON COLUMN letter_edition.number IS 'In the order in which they were sent, from 1.';
COMMENT ON COLUMN letter_edition.body IS 'The bytes. Personal data.';
COMMENT ON COLUMN letter_edition.made_by IS 'Who sent them last.';

ALTER TABLE dead_letter ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN dead_letter.version IS 'One more with each change of what a person sees and decides by; a decision names the one that it was made on.';

ALTER TABLE dead_letter_action ADD COLUMN letter_version integer;
COMMENT ON COLUMN dead_letter_action.letter_version IS 'The version of the letter that the action changed; null for what earlier releases wrote.';

-- These have rights of their own, because nobody who changes a delivery or a letter may write here.
CREATE FUNCTION delivery_keeps_its_edition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO delivery_edition (
        job_id, generation, body, rendered, call, state, failure_code, detail, evidence, rules, attempts, provider,
        provider_ref, sender_asked, sender_reported, accepted_at, ended_at, made_by, reason, made_at
    )
    SELECT
        OLD.job_id, OLD.generation, OLD.body, OLD.rendered, OLD.call, OLD.state, OLD.failure_code, OLD.detail,
        OLD.evidence, OLD.rules, OLD.attempts, OLD.provider, OLD.provider_ref, OLD.sender_asked, OLD.sender_reported,
        OLD.accepted_at, OLD.ended_at, made.actor, made.reason, coalesce(made.at, OLD.created_at)
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT a.actor, a.reason, a.at
        FROM dead_letter AS l JOIN dead_letter_action AS a ON a.dead_letter_id = l.id
        WHERE l.key = 'job:' || OLD.job_id AND a.action = 'replay' AND a.generation = OLD.generation
        ORDER BY a.id DESC LIMIT 1
    ) AS made ON true
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;

CREATE TRIGGER delivery_keeps_its_edition BEFORE UPDATE OF generation ON delivery FOR EACH ROW
WHEN (NEW.generation <> OLD.generation)
EXECUTE FUNCTION delivery_keeps_its_edition();

CREATE FUNCTION dead_letter_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    NEW.version := OLD.version + 1;
    IF NEW.deaths > OLD.deaths THEN
        INSERT INTO letter_death (
            letter_id, number, generation, code, detail, headers, provider, provider_code, said, at
        )
        SELECT
            OLD.id, OLD.deaths, OLD.generation, OLD.code, OLD.detail, OLD.headers, tried.provider, heard.provider_code,
            tried.detail, OLD.last_died_at
        FROM (SELECT) AS one
        LEFT JOIN LATERAL (
            SELECT a.provider, a.detail FROM attempt AS a
            WHERE a.job_id = OLD.job_id AND a.generation = OLD.generation ORDER BY a.number DESC LIMIT 1
        ) AS tried ON true
        LEFT JOIN LATERAL (
            SELECT r.provider_code FROM receipt AS r
            WHERE r.job_id = OLD.job_id AND r.generation = OLD.generation AND r.provider_code IS NOT NULL
            ORDER BY r.id DESC LIMIT 1
        ) AS heard ON true
        ON CONFLICT DO NOTHING;
    END IF;
    -- The bytes of a generation that was claimed stand with its delivery.
    IF OLD.replay_body IS NOT NULL
        AND (NEW.replay_body, NEW.replay_generation) IS DISTINCT FROM (OLD.replay_body, OLD.replay_generation)
        AND NOT EXISTS (
            SELECT FROM delivery_edition AS e
            WHERE OLD.key = 'job:' || e.job_id AND e.job_id = OLD.job_id AND e.generation = OLD.replay_generation
        )
    THEN
        INSERT INTO letter_edition (letter_id, number, generation, body, made_by, reason, made_at)
        SELECT
            OLD.id, 1 + coalesce((SELECT max(e.number) FROM letter_edition AS e WHERE e.letter_id = OLD.id), 0),
            coalesce(OLD.replay_generation, OLD.generation), OLD.replay_body, made.actor, made.reason, made.at
        FROM (SELECT) AS one
        LEFT JOIN LATERAL (
            SELECT a.actor, a.reason, a.at FROM dead_letter_action AS a
            -- The replay that puts other bytes in their place may be on record already, at the time of this very commit.
            WHERE a.dead_letter_id = OLD.id AND a.action = 'replay' AND a.at < now() ORDER BY a.id DESC LIMIT 1
        ) AS made ON true;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER dead_letter_changes BEFORE UPDATE ON dead_letter FOR EACH ROW
WHEN (
    (NEW.state, NEW.code, NEW.detail, NEW.headers, NEW.generation, NEW.replay_generation, NEW.replay_body, NEW.deaths)
    IS DISTINCT FROM
    (OLD.state, OLD.code, OLD.detail, OLD.headers, OLD.generation, OLD.replay_generation, OLD.replay_body, OLD.deaths)
)
EXECUTE FUNCTION dead_letter_changes();

-- PostgreSQL lets everybody call a function that is new; grants.sql says who may.
REVOKE ALL ON FUNCTION delivery_keeps_its_edition(), dead_letter_changes() FROM PUBLIC;
