-- A debt is written for each word of each delivery.
--
-- A function in SQL is planned anew for each call by a trigger; one in PL/pgSQL is planned once for a session.
CREATE OR REPLACE FUNCTION owe(job uuid, edition integer, number integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO owed AS o (job_id, generation, word) VALUES (job, edition, number)
    ON CONFLICT (job_id) DO UPDATE SET
        generation = excluded.generation, word = excluded.word, since = excluded.since, looked_at = excluded.looked_at;
END $$;
