-- The trace that a job came with: what is told of it, and the email in its place, belong to it, however much later.

-- Not valid: what is there has none, and to look through it would hold up everybody's work.
ALTER TABLE delivery
    ADD COLUMN traceparent text,
    ADD CONSTRAINT delivery_traceparent_check CHECK (octet_length(traceparent) = 55) NOT VALID;

COMMENT ON COLUMN delivery.traceparent IS 'The W3C trace context of the message that brought the job first, or of the SMS that an email stands in for; null where there was none.';
