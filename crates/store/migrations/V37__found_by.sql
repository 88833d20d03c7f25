-- What a delivery and a letter are found by. All of it is set once; only a person's edit of the job changes it.
--
-- No column is rewritten and no index built here: the indexes are built by `fleet migrate` after the migrations, one by
-- one and without a lock that a writer would wait for (crates/store/src/database/indexes.rs). What an older release
-- wrote is read again by `fleet backfill`.

ALTER TABLE delivery
    ADD COLUMN recipient_hash bytea,
    ADD COLUMN hash_key smallint,
    ADD COLUMN recipient_tail text,
    ADD COLUMN country_code integer,
    ADD COLUMN agent_id text,
    ADD COLUMN template text,
    ADD COLUMN doubt_since timestamptz;

COMMENT ON COLUMN delivery.recipient_hash IS 'HMAC-SHA-256 of the recipient by a key that is not in this database; null where no recipient can be read for certain, and where no key is configured.';
COMMENT ON COLUMN delivery.hash_key IS 'The number of the key that made the hash.';
COMMENT ON COLUMN delivery.recipient_tail IS 'The last four digits of the number; null for an email.';
COMMENT ON COLUMN delivery.country_code IS 'The country code of the number.';
COMMENT ON COLUMN delivery.agent_id IS 'The agent who wrote the reply, as the CRM names him.';
COMMENT ON COLUMN delivery.template IS 'Name and version of the approved template of which the text is an instance.';
COMMENT ON COLUMN delivery.doubt_since IS 'Since when it has been in doubt; null while it is not.';

ALTER TABLE dead_letter
    ADD COLUMN consultation_id text,
    ADD COLUMN recipient_hash bytea,
    ADD COLUMN hash_key smallint,
    ADD COLUMN recipient_tail text,
    ADD COLUMN country_code integer,
    ADD COLUMN agent_id text,
    ADD COLUMN template text,
    ADD COLUMN provider text,
    ADD COLUMN provider_code text,
    ADD COLUMN search text;

COMMENT ON COLUMN dead_letter.consultation_id IS 'The consultation that the job closes, where it can be read.';
COMMENT ON COLUMN dead_letter.recipient_hash IS 'As of the delivery.';
COMMENT ON COLUMN dead_letter.hash_key IS 'The number of the key that made the hash.';
COMMENT ON COLUMN dead_letter.recipient_tail IS 'As of the delivery.';
COMMENT ON COLUMN dead_letter.country_code IS 'As of the delivery.';
COMMENT ON COLUMN dead_letter.agent_id IS 'As of the delivery.';
COMMENT ON COLUMN dead_letter.template IS 'As of the delivery.';
COMMENT ON COLUMN dead_letter.provider IS 'Who carried the latest try of the generation that died, if anybody did.';
COMMENT ON COLUMN dead_letter.provider_code IS 'The provider''s own code in its latest word about that generation.';
COMMENT ON COLUMN dead_letter.search IS 'What a person may look for, in lower case and without personal data.';

CREATE TABLE recipient_key (
    number      smallint    PRIMARY KEY CHECK (number >= 1),
    fingerprint bytea       NOT NULL,
    since       timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE recipient_key IS 'Which keys have hashed recipients. The keys themselves are in no database.';
COMMENT ON COLUMN recipient_key.number IS 'The key''s number, which stands beside each hash that it made.';
COMMENT ON COLUMN recipient_key.fingerprint IS 'A hash by which the key is told from another one under its number.';
COMMENT ON COLUMN recipient_key.since IS 'When a process first knew it.';

CREATE TABLE backfill (
    what      text        PRIMARY KEY,
    done_to   text        NOT NULL,
    done      bigint      NOT NULL DEFAULT 0,
    ended_at  timestamptz,
    looked_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE backfill IS 'How far rows of earlier releases have been given what is written with each new one.';
COMMENT ON COLUMN backfill.what IS 'Which rows.';
COMMENT ON COLUMN backfill.done_to IS 'The last row that was looked at, in the order of the keys.';
COMMENT ON COLUMN backfill.done IS 'How many rows were written.';
COMMENT ON COLUMN backfill.ended_at IS 'When the last one was reached; null while rows are left.';

-- A new installation has nothing of before.
INSERT INTO backfill (what, done_to, ended_at)
SELECT what, '', now() FROM unnest(ARRAY['deliveries', 'letters']) AS what
WHERE NOT EXISTS (SELECT FROM delivery) AND NOT EXISTS (SELECT FROM dead_letter);

-- A doubt begins and ends by whoever changes the state, an older release included; a claim and a settlement without a
-- doubt pay for the condition alone.
CREATE FUNCTION delivery_doubts() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.doubt_since := CASE WHEN NEW.state = 'in_doubt' THEN now() END;
    RETURN NEW;
END $$;

CREATE TRIGGER delivery_doubts BEFORE UPDATE ON delivery FOR EACH ROW
WHEN ((NEW.state = 'in_doubt') <> (OLD.state = 'in_doubt'))
EXECUTE FUNCTION delivery_doubts();

-- Another content is another recipient's, perhaps: what the old one was found by says nothing of it. Whoever brings the
-- content writes what it is found by right after.
CREATE FUNCTION delivery_is_another() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.recipient_hash := NULL;
    NEW.hash_key := NULL;
    NEW.recipient_tail := NULL;
    NEW.country_code := NULL;
    NEW.agent_id := NULL;
    NEW.template := NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER delivery_is_another BEFORE UPDATE ON delivery FOR EACH ROW
WHEN (NEW.body_hash <> OLD.body_hash)
EXECUTE FUNCTION delivery_is_another();

-- A letter of a job has the facts of its delivery, whoever writes it. It runs with its owner's rights, because the dead
-- worker sees no receipt, and the bounce reader no delivery.
CREATE FUNCTION letter_is_found() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    d record;
BEGIN
    IF NEW.job_id IS NOT NULL AND NEW.key = 'job:' || NEW.job_id THEN
        SELECT consultation_id, recipient_hash, hash_key, recipient_tail, country_code, agent_id, template, provider
        INTO d FROM delivery WHERE job_id = NEW.job_id;
        IF FOUND THEN
            NEW.consultation_id := d.consultation_id;
            -- A delivery that was read has an agent; what it lacks beside, its letter lacks too.
            IF d.agent_id IS NOT NULL THEN
                NEW.recipient_hash := d.recipient_hash;
                NEW.hash_key := d.hash_key;
                NEW.recipient_tail := d.recipient_tail;
                NEW.country_code := d.country_code;
                NEW.agent_id := d.agent_id;
                NEW.template := d.template;
            END IF;
            NEW.provider := d.provider;
            NEW.provider_code := (
                SELECT r.provider_code FROM receipt AS r
                WHERE r.job_id = NEW.job_id AND r.generation = NEW.generation AND r.provider_code IS NOT NULL
                ORDER BY r.id DESC LIMIT 1
            );
        END IF;
    END IF;
    NEW.search := lower(concat_ws(' ', NEW.consultation_id, NEW.job_id, NEW.about_job, NEW.queue, NEW.code, NEW.detail,
        NEW.agent_id, NEW.template, NEW.provider, NEW.provider_code, NEW.recipient_tail));
    RETURN NEW;
END $$;

-- In a settlement and in the making of a fallback email the letter is written by the statement that writes the delivery:
-- a function of plpgsql sees what that has done so far.
CREATE TRIGGER letter_is_found BEFORE INSERT OR UPDATE OF code, detail, generation, deaths, search ON dead_letter FOR EACH ROW
EXECUTE FUNCTION letter_is_found();

-- PostgreSQL lets everybody call a function that is new; grants.sql says who may.
REVOKE ALL ON FUNCTION letter_is_found() FROM PUBLIC;

-- What has its owner's rights finds its tables in this schema before those of a session.
DO $$
DECLARE
    definer regprocedure;
BEGIN
    FOR definer IN
        SELECT p.oid::regprocedure FROM pg_proc AS p
        WHERE p.prosecdef AND p.pronamespace = current_schema()::regnamespace
            AND p.proowner = current_user::regrole
            AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.objid = p.oid AND e.deptype = 'e')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;
