-- What each user may do with the tables of this release; run it as closure_owner after each `fleet migrate`.
-- It may be repeated, and it takes away what an earlier edition gave.
--
-- Every user of a role has what that role's own statements need; tests/tests/rights.rs holds a table of it.
-- closure_worker is what every worker needs, closure_courier what those need that carry jobs out; nobody logs in as
-- either. A table that a release adds needs a line here, a column that it adds is open to whoever may change its row.

-- The functions below answer nothing that anybody wants to read.
\o /dev/null

BEGIN;

-- Gives a privilege on every column of a table but some, those of later releases included.
CREATE FUNCTION pg_temp.give_all_but(privilege text, place regclass, kept text[], users text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    columns CONSTANT text[] := ARRAY (
        SELECT attname::text FROM pg_attribute WHERE attrelid = place AND attnum > 0 AND NOT attisdropped
    );
BEGIN
    IF NOT kept <@ columns THEN
        RAISE EXCEPTION '% has not all of the columns %', place, kept;
    END IF;
    EXECUTE format('GRANT %s (%s) ON %s TO %s', privilege,
        (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name WHERE name <> ALL (kept)), place, users);
END $$;

-- What a job is, and what of a letter came from outside, is written once.
CREATE FUNCTION pg_temp.never_changed(place text) RETURNS text[] LANGUAGE sql AS $$
    SELECT CASE place
        WHEN 'delivery' THEN ARRAY['job_id', 'channel', 'kind', 'consultation_id', 'revision', 'generation', 'body',
            'body_hash', 'source_job_id', 'created_at', 'traceparent', 'recipient_hash', 'hash_key', 'recipient_tail',
            'country_code', 'agent_id', 'template']
        WHEN 'attempt' THEN ARRAY['job_id', 'generation', 'number', 'client_ref', 'provider', 'started_at']
        WHEN 'receipt' THEN ARRAY['id', 'provider', 'receipt_id', 'provider_ref', 'client_ref', 'status', 'evidence',
            'provider_code', 'occurred_at', 'received_at', 'recorded_at', 'failure_code', 'reported_sender']
        WHEN 'dead_letter' THEN ARRAY['id', 'key', 'job_id', 'about_job', 'channel', 'queue', 'routing_key', 'message_id', 'body',
            'replay_body', 'replay_generation', 'first_died_at', 'version', 'consultation_id', 'recipient_hash', 'hash_key',
            'recipient_tail', 'country_code', 'agent_id', 'template', 'provider', 'provider_code', 'search']
    END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM
    closure_worker, closure_courier, closure_sms, closure_email, closure_dial, closure_fallback, closure_dead,
    closure_cancel, closure_bounces, closure_fleet, closure_operator, closure_doctor, closure_advisor, closure_pbx;
-- These have more rights than their callers, and PostgreSQL lets everybody call a function that is new.
REVOKE ALL ON FUNCTION mail_recipient(uuid), owe(uuid, integer, integer), delivery_answers(), delivery_keeps_its_word(),
    delivery_keeps_its_edition(), dead_letter_changes(), owed_replays(text[], integer), put_on_record(jsonb),
    letter_is_found()
    FROM PUBLIC,
    closure_worker, closure_courier, closure_sms, closure_email, closure_dial, closure_fallback, closure_dead,
    closure_cancel, closure_bounces, closure_fleet, closure_operator, closure_doctor, closure_advisor, closure_pbx;
GRANT USAGE ON SCHEMA public TO
    closure_worker, closure_courier, closure_sms, closure_email, closure_dial, closure_fallback, closure_dead,
    closure_cancel, closure_bounces, closure_fleet, closure_operator, closure_doctor, closure_advisor, closure_pbx;

-- Every worker looks whether the tables are those of its release, and knows the templates.
GRANT SELECT ON refinery_schema_history, template_register, template TO closure_worker;

-- Which keys hash recipients is known before the first hash is made by one; the keys are in no database.
GRANT SELECT, INSERT ON recipient_key TO closure_worker, closure_operator;
GRANT SELECT ON recipient_key, backfill TO closure_doctor;
-- What an earlier release wrote is read again by `fleet backfill`.
GRANT SELECT, INSERT, UPDATE ON backfill TO closure_operator;

-- Text messages, emails and calls: claim, try, settle.
GRANT SELECT, INSERT ON delivery TO closure_courier;
SELECT pg_temp.give_all_but('UPDATE', 'delivery', pg_temp.never_changed('delivery'), 'closure_courier');
-- A claim writes what a delivery is found by where it was written without.
GRANT UPDATE (recipient_hash, hash_key, recipient_tail, country_code, agent_id, template) ON delivery TO closure_courier;
-- An attempt by which nothing was sent leaves no row.
GRANT SELECT, INSERT, DELETE ON attempt TO closure_courier;
SELECT pg_temp.give_all_but('UPDATE', 'attempt', pg_temp.never_changed('attempt'), 'closure_courier');
-- A receipt that came early is given to the attempt that it speaks of.
GRANT SELECT ON receipt TO closure_courier;
SELECT pg_temp.give_all_but('UPDATE', 'receipt', pg_temp.never_changed('receipt'), 'closure_courier');
-- A letter is written and reopened; the bytes of the others are the desk's alone.
GRANT INSERT ON dead_letter TO closure_courier;
SELECT pg_temp.give_all_but('SELECT', 'dead_letter', ARRAY['body', 'replay_body'], 'closure_courier');
SELECT pg_temp.give_all_but('UPDATE', 'dead_letter', pg_temp.never_changed('dead_letter'), 'closure_courier');
-- A newer revision is written down before it is sent; cancellations are the CRM's.
GRANT SELECT, INSERT (consultation_id, newest_revision), UPDATE (newest_revision, updated_at) ON tombstone TO closure_courier;
GRANT SELECT ON suppression TO closure_courier;
GRANT SELECT, INSERT, UPDATE (count) ON contact_tally TO closure_courier;
-- What waits in the broker's delays.
GRANT SELECT, INSERT, UPDATE (channel, due_at), DELETE ON delayed TO closure_courier;
GRANT SELECT ON delayed TO closure_doctor;

-- The gateways and the mail server: which of them are left alone, and how fast the gateways are asked.
GRANT SELECT, INSERT, UPDATE, DELETE ON circuit TO closure_sms, closure_email, closure_fallback;
GRANT SELECT, INSERT, UPDATE (next_at) ON sending_rate TO closure_sms;

-- The PBX writes its record of calls, and the dial worker reads it.
GRANT INSERT ON cel TO closure_pbx;
GRANT SELECT ON cel TO closure_dial;
-- `fleet doctor dial` looks whether a record arrives; whom a call was to is not its business.
GRANT SELECT (id, eventtype, eventtime, uniqueid, linkedid, extra) ON cel TO closure_doctor;

-- Which call an agent's phone has.
GRANT SELECT, INSERT, UPDATE (job_id, since) ON agent_call TO closure_dial;

-- The fallback worker: receipts, the one email in place of a text message, the sweeps and the hold of emails.
GRANT SELECT, INSERT ON delivery TO closure_fallback;
SELECT pg_temp.give_all_but('UPDATE', 'delivery', pg_temp.never_changed('delivery'), 'closure_fallback');
GRANT SELECT ON attempt, tombstone TO closure_fallback;
GRANT SELECT, INSERT ON receipt TO closure_fallback;
SELECT pg_temp.give_all_but('UPDATE', 'receipt', pg_temp.never_changed('receipt'), 'closure_fallback');
GRANT INSERT ON dead_letter TO closure_fallback;
SELECT pg_temp.give_all_but('SELECT', 'dead_letter', ARRAY['body', 'replay_body'], 'closure_fallback');
SELECT pg_temp.give_all_but('UPDATE', 'dead_letter', pg_temp.never_changed('dead_letter'), 'closure_fallback');
GRANT SELECT, INSERT, UPDATE ON brake TO closure_fallback;
-- Windows that are over are removed.
GRANT SELECT, UPDATE (count), DELETE ON contact_tally TO closure_fallback;

-- The dead worker: what the broker gave up becomes a letter. It reads nobody's text but the one in its hand.
SELECT pg_temp.give_all_but('SELECT', 'delivery', ARRAY['body', 'rendered'], 'closure_dead');
SELECT pg_temp.give_all_but('UPDATE', 'delivery', pg_temp.never_changed('delivery'), 'closure_dead');
GRANT SELECT, UPDATE (state, ended_at) ON attempt TO closure_dead;
GRANT INSERT ON dead_letter TO closure_dead;
SELECT pg_temp.give_all_but('SELECT', 'dead_letter', ARRAY['body', 'replay_body'], 'closure_dead');
SELECT pg_temp.give_all_but('UPDATE', 'dead_letter', pg_temp.never_changed('dead_letter'), 'closure_dead');

-- A job that the broker gave up without a fault of its own goes back by the hand of its own channel's worker.
GRANT SELECT, INSERT, UPDATE, DELETE ON job_return TO closure_dead;
GRANT SELECT, UPDATE (body, updated_at) ON job_return TO closure_courier;

-- A replay that nobody published goes out by the hand of its own queue's worker.
GRANT EXECUTE ON FUNCTION owed_replays(text[], integer) TO closure_courier;

-- What was told is owed no more; the debt itself is made by the tables' own triggers.
GRANT SELECT, DELETE ON owed TO closure_courier, closure_fallback, closure_dead, closure_operator;
GRANT UPDATE (looked_at) ON owed TO closure_courier, closure_fallback, closure_dead, closure_operator;
GRANT SELECT ON owed TO closure_doctor;
-- Those triggers run for whoever changes a delivery.
GRANT EXECUTE ON FUNCTION owe(uuid, integer, integer) TO
    closure_courier, closure_fallback, closure_dead, closure_bounces, closure_operator;
GRANT SELECT (provider, recorded_at, anothers_job_id) ON receipt TO closure_doctor;

-- The CRM's cancellations, each answered with where the consultation's jobs stand; of a job nothing else is seen.
GRANT SELECT, INSERT, UPDATE ON tombstone TO closure_cancel;
GRANT SELECT (job_id, channel, consultation_id, revision, state, accepted_at) ON delivery TO closure_cancel;

-- The bounce reader reads what strangers send: it ends an accepted mail, keeps the report and lists the recipient, and
-- can neither give a delivery other words nor take anybody off the list. Of a job it learns whom the mail went to.
GRANT SELECT ON suppression TO closure_bounces;
GRANT SELECT (job_id, channel, state, generation, attempts) ON delivery TO closure_bounces;
GRANT EXECUTE ON FUNCTION mail_recipient(uuid) TO closure_bounces;
GRANT SELECT (job_id), UPDATE (looked_at) ON owed TO closure_bounces;
GRANT UPDATE (state, failure_code, detail, evidence, ended_at, updated_at) ON delivery TO closure_bounces;
GRANT INSERT ON receipt, suppression, suppression_action TO closure_bounces;
-- A mail that no program can read waits in the desk for a person; the bounce reader adds such letters and sees none.
GRANT INSERT ON dead_letter TO closure_bounces;

-- The advisor reads what the rules ask about, and nothing of any customer that could be read back.
GRANT SELECT ON template_register, template, tombstone, suppression, contact_tally TO closure_advisor;
-- Of a job it reads how it stands: neither what was written, nor to whom, nor what a provider said.
GRANT SELECT (job_id, channel, consultation_id, revision, generation, state, failure_code, evidence, attempts, words,
    unjudged, held_since, fallback_job_id, source_job_id, created_at, updated_at, accepted_at, receipt_due_at, ended_at)
    ON delivery TO closure_advisor;
GRANT SELECT (job_id) ON owed TO closure_advisor;
-- What the CRM was told before is written by a trigger of its own rights.
GRANT SELECT ON earlier_word TO closure_advisor;

-- People, by the command line. What was done, by whom and why, is only ever added to; a letter's own bytes stay.
-- What stood before is written by triggers of their own rights, and nobody changes it.
GRANT SELECT ON refinery_schema_history, delivery, delivery_edition, earlier_word, attempt, receipt, dead_letter,
    dead_letter_action, letter_death, letter_edition,
    tombstone, suppression, suppression_action, contact_tally, template_register, template, template_action, circuit,
    brake, brake_action, tombstone_action TO closure_operator;
GRANT INSERT ON dead_letter_action, suppression_action, template_action, brake_action, tombstone_action TO closure_operator;
-- A replay is a new generation, with the bytes that a person may have corrected.
SELECT pg_temp.give_all_but('UPDATE', 'delivery',
    ARRAY['job_id', 'channel', 'kind', 'consultation_id', 'revision', 'source_job_id', 'created_at'], 'closure_operator');
GRANT UPDATE (state, replay_generation, replay_body, settled_at, published_at, publish_at, announce_at,
    consultation_id, recipient_hash, hash_key, recipient_tail, country_code, agent_id, template, provider,
    provider_code, search) ON dead_letter TO closure_operator;
GRANT INSERT, DELETE ON suppression TO closure_operator;
-- An edition of a template never changes but in its approval, and none is taken away.
GRANT INSERT, UPDATE (state, approved_by, approved_at, carrier_ref, valid_from, valid_until) ON template TO closure_operator;
GRANT UPDATE (version) ON template_register TO closure_operator;
GRANT UPDATE (probe_at) ON circuit TO closure_operator;
GRANT UPDATE (held_since, overruled_until) ON brake TO closure_operator;
-- What a cancellation or a mistaken revision forbids is taken away with who did it and why.
GRANT DELETE ON tombstone TO closure_operator;

-- Who acts, and what each may. Nobody but the owner changes people, and nobody at all changes the record: it grows by its
-- own function alone, so that whoever has the desk's password can neither take more rights nor forge a row.
GRANT SELECT ON app_user, user_right, audit TO closure_operator;
GRANT EXECUTE ON FUNCTION put_on_record(jsonb) TO closure_operator;
GRANT SELECT (id, state) ON app_user TO closure_doctor;
GRANT SELECT ON user_right TO closure_doctor;

-- `fleet doctor` counts, and reads nobody's text.
GRANT SELECT ON refinery_schema_history, template_register, template, circuit, brake, attempt TO closure_doctor;
-- What a provider said of a job that is put off is masked before it is written.
SELECT pg_temp.give_all_but('SELECT', 'delivery',
    ARRAY['body', 'rendered', 'rules', 'call', 'recipient_hash', 'recipient_tail', 'agent_id'], 'closure_doctor');
SELECT pg_temp.give_all_but('SELECT', 'dead_letter',
    ARRAY['body', 'replay_body', 'detail', 'headers', 'recipient_hash', 'recipient_tail', 'agent_id', 'search'],
    'closure_doctor');

COMMIT;
