-- Whoever reads mails that come back reads what strangers send; of a job it may know whom the mail went to, and not
-- what it says.

CREATE FUNCTION mail_recipient(job uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    said text;
BEGIN
    SELECT ltrim(convert_from(body, 'UTF8'), chr(65279)) INTO said
    FROM delivery WHERE job_id = job AND channel = 'email';
    -- JSON knows a character that no text of the database can hold; read as another one, it spoils no other member.
    RETURN regexp_replace(said, '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g')::json #>> '{to,email}';
EXCEPTION WHEN data_exception THEN
    -- A body that is no JSON names nobody.
    RETURN NULL;
END $$;

COMMENT ON FUNCTION mail_recipient(uuid) IS 'Whom the mail of an email job went to; null where its body names nobody. For those who may not read bodies.';

REVOKE ALL ON FUNCTION mail_recipient(uuid) FROM PUBLIC;
