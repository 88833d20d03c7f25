-- Emails in place of text messages are held back while unusually many text messages fail (R14e).

ALTER TABLE delivery ADD COLUMN held_since timestamptz;

CREATE INDEX delivery_held ON delivery (held_since) WHERE held_since IS NOT NULL;

COMMENT ON COLUMN delivery.held_since IS 'Of an SMS: an email is due in its place and held back since then, and the CRM has not heard its end.';

CREATE TABLE brake (
    provider         text             NOT NULL CHECK (provider IN ('nhn', 'infobip', 'twilio')),
    country_code     integer          NOT NULL CHECK (country_code BETWEEN 0 AND 999),
    recent_ended     double precision NOT NULL DEFAULT 0,
    recent_failed    double precision NOT NULL DEFAULT 0,
    usual_ended      double precision NOT NULL DEFAULT 0,
    usual_failed     double precision NOT NULL DEFAULT 0,
    counted_at       timestamptz      NOT NULL DEFAULT now(),
    held_since       timestamptz,
    overruled_until  timestamptz,
    PRIMARY KEY (provider, country_code)
) WITH (fillfactor = 50);

COMMENT ON TABLE brake IS 'How many text messages of a gateway, and of its way to a country, end and fail, and whether the emails in their place are held back (R14e).';
COMMENT ON COLUMN brake.country_code IS '0 for the whole gateway.';
COMMENT ON COLUMN brake.recent_ended IS 'Ends of late, each with a weight that halves with every half-life since; as it was at counted_at. Since emails are held it counts what ended since.';
COMMENT ON COLUMN brake.usual_ended IS 'The same with the long half-life; it stands still while emails are held, because an outage is not usual.';
COMMENT ON COLUMN brake.held_since IS 'Emails are held since then; null while they flow.';
COMMENT ON COLUMN brake.overruled_until IS 'Until then a person wants them to flow whatever fails.';

CREATE TABLE brake_action (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider     text        NOT NULL,
    country_code integer     NOT NULL,
    action       text        NOT NULL CHECK (action IN ('release')),
    actor        text        NOT NULL,
    reason       text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE brake_action IS 'Who let held emails go, and why; only ever added to.';
