-- A gateway is asked about a text message whose receipt is nearly overdue.

ALTER TABLE delivery ADD COLUMN inquire_after timestamptz;

COMMENT ON COLUMN delivery.inquire_after IS 'Of a text message that was accepted: not before then is its gateway asked whether it arrived; infinity once it has answered for the last time.';
