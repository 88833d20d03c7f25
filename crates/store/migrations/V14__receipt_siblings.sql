-- A receipt that names no attempt of ours may have the provider's reference in common with one that does.
CREATE INDEX receipt_named_ref ON receipt (provider_ref, provider) WHERE client_ref IS NOT NULL AND job_id IS NOT NULL;
