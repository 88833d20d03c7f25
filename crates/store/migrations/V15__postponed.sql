-- A failure that costs no try must not go on for ever.

ALTER TABLE delivery ADD COLUMN postponed_since timestamptz;

CREATE INDEX delivery_postponed_since ON delivery (postponed_since) WHERE postponed_since IS NOT NULL;

COMMENT ON COLUMN delivery.postponed_since IS 'Since when it has been put off for failures that cost no try; null once a try came to any other end.';
