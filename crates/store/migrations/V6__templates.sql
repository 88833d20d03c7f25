-- The register of templates that carriers approve beforehand, and who did what to it.

CREATE TABLE template_register (
    id      integer PRIMARY KEY CHECK (id = 1),
    version bigint  NOT NULL
);

INSERT INTO template_register (id, version) VALUES (1, 0);

COMMENT ON TABLE template_register IS 'One row: whoever changes a template takes its lock and raises its version in the same commit.';
COMMENT ON COLUMN template_register.version IS 'Rises with every change, so that a process can ask cheaply whether what it knows is still so.';

CREATE TABLE template (
    name         text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    version      integer     NOT NULL CHECK (version >= 1),
    country_code integer     NOT NULL CHECK (country_code BETWEEN 1 AND 999),
    text         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'submitted', 'approved', 'revoked')),
    approved_by  text,
    approved_at  timestamptz,
    carrier_ref  text,
    valid_from   timestamptz,
    valid_until  timestamptz,
    added_by     text        NOT NULL,
    added_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version),
    CHECK (valid_until > valid_from),
    CHECK (state <> 'approved' OR approved_at IS NOT NULL)
);

COMMENT ON TABLE template IS 'Editions of templates; a text never changes, another text is another version.';
COMMENT ON COLUMN template.state IS 'draft: written down. submitted: handed to the carrier. approved: may be sent while it is valid. revoked: may not be sent any more.';
COMMENT ON COLUMN template.approved_by IS 'Who wrote the latest approval down; kept when it is revoked.';
COMMENT ON COLUMN template.carrier_ref IS 'The carrier''s own name for the template or its approval.';

CREATE TABLE template_action (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL,
    version     integer     NOT NULL,
    action      text        NOT NULL CHECK (action IN ('add', 'submit', 'approve', 'revoke')),
    actor       text        NOT NULL,
    reason      text        NOT NULL,
    carrier_ref text,
    valid_from  timestamptz,
    valid_until timestamptz,
    at          timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (name, version) REFERENCES template (name, version)
);

CREATE INDEX template_action_edition ON template_action (name, version, id);

COMMENT ON TABLE template_action IS 'Who did what to a template, and why; only ever added to.';
