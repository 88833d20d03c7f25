-- Why a message did not arrive, as far as the gateway's code says it: whose fault that is decides what follows (R14e).

ALTER TABLE receipt ADD COLUMN failure_code text;

COMMENT ON COLUMN receipt.failure_code IS 'Our stable code for the gateway''s own one, where that says why the message did not arrive.';
