-- A mail that was accepted may come back.

COMMENT ON COLUMN delivery.state IS 'pending: nobody has tried. sending: a try is under way, or its process died. in_doubt: the request may have reached the customer. waiting: a retry is on its way. accepted: the provider took it (an email ends here, unless it comes back). delivered, undelivered, unknown (nobody will ever tell), refused (never sent), expired (too late): final. dead: waits for a person. discarded: a person gave it up. superseded: a newer answer took its place. cancelled: it was called back.';
COMMENT ON COLUMN receipt.receipt_id IS 'What makes the statement unique at its provider; of a mail that came back, the SHA-256 of its bytes.';
