-- The people who work with the fleet, what each may do, and the record of what was done, by whom and why.

-- What these tables are for is in their comments; that nobody but the owner changes people is in grants.sql.
CREATE TABLE app_user (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL CONSTRAINT app_user_name UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    display_name  text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
    os_accounts   text[] NOT NULL DEFAULT '{}',
    password_hash text,
    state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    text NOT NULL,
    changed_at    timestamptz NOT NULL DEFAULT now(),
    changed_by    text NOT NULL
);
COMMENT ON TABLE app_user IS 'Who works with the fleet by the command line or the console. Nobody is ever removed: the record names them.';
COMMENT ON COLUMN app_user.name IS 'The name by which somebody acts, for ever: --as kim.';
COMMENT ON COLUMN app_user.display_name IS 'The name as people write it: 김민지.';
COMMENT ON COLUMN app_user.os_accounts IS 'Accounts of the operating system whose processes act as this user. An account that several users have is shared, and then says nothing of which of them it was.';
COMMENT ON COLUMN app_user.password_hash IS 'Argon2id in the PHC form; null where the user has no password.';
COMMENT ON COLUMN app_user.created_by IS 'The account of the record that made it.';
COMMENT ON COLUMN app_user.changed_by IS 'The account of the record that changed it last.';

CREATE TABLE user_right (
    user_id    integer NOT NULL REFERENCES app_user (id),
    name       text NOT NULL CHECK (name IN
        ('see', 'reveal', 'handle', 'replay', 'edit', 'bulk', 'approve', 'steer', 'configure')),
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL,
    PRIMARY KEY (user_id, name)
);
COMMENT ON TABLE user_right IS 'What each user may do; what was granted and revoked before is in audit.';
COMMENT ON COLUMN user_right.granted_by IS 'The account of the record that granted it.';

CREATE TABLE audit (
    id               bigint PRIMARY KEY,
    form             smallint NOT NULL,
    at               timestamptz NOT NULL,
    user_id          integer REFERENCES app_user (id),
    account          text NOT NULL,
    proof            text NOT NULL,
    place            text NOT NULL,
    database_user    text NOT NULL,
    database_address text,
    needs            text NOT NULL,
    act              text NOT NULL,
    verdict          text NOT NULL,
    subject_kind     text NOT NULL,
    subject_id       text NOT NULL,
    subject_hash     bytea,
    purpose          text,
    before_hash      bytea,
    after_hash       bytea,
    prev_hash        bytea NOT NULL,
    hash             bytea NOT NULL
);
COMMENT ON TABLE audit IS 'What people did, revealed, exported and were refused: one chain of rows that only put_on_record() adds to.';
COMMENT ON COLUMN audit.id IS 'The place in the chain, without gaps: 1, 2, 3.';
COMMENT ON COLUMN audit.form IS 'How the row was hashed; 1 is every column but the hashes of the chain, in their order.';
COMMENT ON COLUMN audit.account IS 'Who acted: a user''s name, or cli:<account of the operating system> where nobody is a user.';
COMMENT ON COLUMN audit.proof IS 'What proves that it was this account: none, os_account, shared_account or password.';
COMMENT ON COLUMN audit.place IS 'Where the process ran, and from where its terminal came, as the process says.';
COMMENT ON COLUMN audit.database_user IS 'The user of the database, as the database knows it.';
COMMENT ON COLUMN audit.database_address IS 'The address from which the database was asked, as the database knows it; null over a local socket.';
COMMENT ON COLUMN audit.needs IS 'The right that the act needs.';
COMMENT ON COLUMN audit.verdict IS 'done, without_effect (it was allowed and changed nothing), or denied (the right was missing).';
COMMENT ON COLUMN audit.subject_id IS 'What the act was about, without personal data: a letter''s number, a job''s id, a masked recipient.';
COMMENT ON COLUMN audit.subject_hash IS 'Whose data it was: the keyed hash of the recipient, where there is one.';
COMMENT ON COLUMN audit.purpose IS 'Why, in the words of whoever did it.';
COMMENT ON COLUMN audit.before_hash IS 'The hash of what was there before, where the act changes it.';
COMMENT ON COLUMN audit.after_hash IS 'The hash of what is there after, where the act changes it.';
COMMENT ON COLUMN audit.prev_hash IS 'The hash of the row before; 32 zero bytes in the first.';
COMMENT ON COLUMN audit.hash IS 'SHA-256 of prev_hash and the row.';

-- Adds one row to the chain, in the transaction of the act.
--
-- It is the one way to write: who has no right on the table but to read it can neither forge a place in the chain, nor
-- the time, nor the user of the database. One lock is held until the transaction ends, so that no two rows follow the
-- same one; take it last, after every row that the act needs.
CREATE FUNCTION put_on_record(entry jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    latest audit;
    added audit;
BEGIN
    PERFORM pg_advisory_xact_lock(207455598);
    SELECT * INTO latest FROM audit ORDER BY id DESC LIMIT 1;
    added.id := coalesce(latest.id, 0) + 1;
    added.form := 1;
    added.at := clock_timestamp();
    added.user_id := (entry ->> 'user_id')::integer;
    added.account := entry ->> 'account';
    added.proof := entry ->> 'proof';
    added.place := entry ->> 'place';
    added.database_user := session_user;
    added.database_address := host(inet_client_addr());
    added.needs := entry ->> 'needs';
    added.act := entry ->> 'act';
    added.verdict := entry ->> 'verdict';
    added.subject_kind := entry ->> 'subject_kind';
    added.subject_id := entry ->> 'subject_id';
    added.subject_hash := decode(entry ->> 'subject_hash', 'hex');
    added.purpose := entry ->> 'purpose';
    added.before_hash := decode(entry ->> 'before_hash', 'hex');
    added.after_hash := decode(entry ->> 'after_hash', 'hex');
    added.prev_hash := coalesce(latest.hash, decode(repeat('00', 32), 'hex'));
    added.hash := sha256(added.prev_hash || (
        SELECT convert_to(string_agg(coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-') || ',', '' ORDER BY number), 'UTF8')
        FROM unnest(ARRAY[
            added.form::text, added.id::text, (extract(epoch FROM added.at) * 1000000)::bigint::text,
            added.user_id::text, added.account, added.proof, added.place, added.database_user, added.database_address,
            added.needs, added.act, added.verdict, added.subject_kind, added.subject_id,
            encode(added.subject_hash, 'hex'), added.purpose, encode(added.before_hash, 'hex'),
            encode(added.after_hash, 'hex')
        ]) WITH ORDINALITY AS fields (value, number)
    ));
    INSERT INTO audit SELECT (added).*;
    RETURN added.id;
END $$;
REVOKE ALL ON FUNCTION put_on_record(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION put_on_record(jsonb) IS 'Adds a row to the chain of audit; nobody has another way to.';
