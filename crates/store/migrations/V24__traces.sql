-- The trace that a job came with: what is told of it, and the email in its place, belong to it, however much later.

ALTER TABLE delivery ADD COLUMN traceparent text CHECK (octet_length(traceparent) = 55);

COMMENT ON COLUMN delivery.traceparent IS 'The W3C trace context of the message that brought the job first, or of the SMS that an email stands in for; null where there was none.';
