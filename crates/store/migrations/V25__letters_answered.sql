-- A message that was no job of ours may be followed by the job itself, corrected: its letter then waits for nobody.

ALTER TABLE dead_letter ADD COLUMN about_job uuid;

COMMENT ON COLUMN dead_letter.about_job IS 'The job id that a message names which began no job of ours; the letter is resolved when that job, or the email in its place, reaches the customer.';

CREATE INDEX dead_letter_about ON dead_letter (about_job) WHERE about_job IS NOT NULL AND state = 'open';

CREATE FUNCTION delivery_answers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE dead_letter SET state = 'resolved', settled_at = now()
    WHERE about_job IN (NEW.job_id, NEW.source_job_id) AND state = 'open';
    RETURN NULL;
END $$;

CREATE TRIGGER delivery_answers AFTER UPDATE OF state ON delivery FOR EACH ROW
WHEN (
    NEW.state <> OLD.state
    AND (NEW.state = 'delivered' OR NEW.channel = 'email' AND NEW.state = 'accepted')
)
EXECUTE FUNCTION delivery_answers();
