-- A gateway speaks for its own attempts alone: what it says of another's is kept, and never applied.

ALTER TABLE receipt ADD COLUMN anothers_job_id uuid;

CREATE INDEX receipt_anothers ON receipt (anothers_job_id) WHERE anothers_job_id IS NOT NULL;

COMMENT ON COLUMN receipt.anothers_job_id IS 'The delivery whose attempt it named, where that attempt is another provider''s; such a receipt is applied to nothing and waits for nothing.';
