-- A gateway may take everything and turn it back by receipt, for want of credit; what it takes proves nothing then (R14e).

ALTER TABLE circuit ADD COLUMN opened_by text NOT NULL DEFAULT 'request' CHECK (opened_by IN ('request', 'receipt'));

COMMENT ON COLUMN circuit.opened_by IS 'request: the gateway refused requests, and closes by one that it takes. receipt: it took them and turned them back, and closes by a receipt of a text that it carried.';
