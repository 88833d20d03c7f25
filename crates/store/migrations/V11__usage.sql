-- What a month has cost is read from the attempts themselves; they come in the order of time, so that a few bytes for
-- each run of pages find a month, and no write becomes dearer.

CREATE INDEX attempt_started ON attempt USING brin (started_at) WITH (autosummarize = on);
