-- What each user may do with the tables of this release; run it as closure_owner after each `fleet migrate`.
-- It may be repeated, and it takes away what an earlier edition gave.

BEGIN;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM closure_fleet, closure_pbx, closure_advisor, closure_bounces;
GRANT USAGE ON SCHEMA public TO closure_fleet, closure_pbx, closure_advisor, closure_bounces;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO closure_fleet;
-- Which migrations have run is the owner's to write.
REVOKE INSERT, UPDATE, DELETE ON refinery_schema_history FROM closure_fleet;
-- Who did what to a dead letter is only ever added to.
REVOKE UPDATE, DELETE ON dead_letter_action FROM closure_fleet;
-- Who let held emails go, and why, is only ever added to.
REVOKE UPDATE, DELETE ON brake_action FROM closure_fleet;
-- Who let a consultation be answered again, and why, is only ever added to.
REVOKE UPDATE, DELETE ON tombstone_action FROM closure_fleet;
-- Who was put on the suppression list or taken off it, and why, is only ever added to.
REVOKE UPDATE, DELETE ON suppression_action FROM closure_fleet;
-- An edition of a template never changes but in its approval, and none is taken away; what was done to it is only added.
REVOKE UPDATE, DELETE ON template FROM closure_fleet;
GRANT UPDATE (state, approved_by, approved_at, carrier_ref, valid_from, valid_until) ON template TO closure_fleet;
REVOKE UPDATE, DELETE ON template_action FROM closure_fleet;
REVOKE INSERT, DELETE ON template_register FROM closure_fleet;
-- The PBX writes its record of calls, and the fleet reads it.
REVOKE INSERT, UPDATE, DELETE ON cel FROM closure_fleet;
GRANT INSERT ON cel TO closure_pbx;
-- The advisor reads what the rules ask about, and nothing of any customer that could be read back.
GRANT SELECT ON template_register, template, tombstone, suppression, contact_tally TO closure_advisor;
-- The bounce reader reads what strangers send: it ends an accepted mail, keeps the report and lists the recipient, and
-- can neither give a delivery other words nor take anybody off the list.
GRANT SELECT ON refinery_schema_history, template_register, template, delivery, suppression TO closure_bounces;
GRANT UPDATE (state, failure_code, detail, evidence, announce_since, ended_at, updated_at) ON delivery TO closure_bounces;
GRANT INSERT ON receipt, suppression, suppression_action TO closure_bounces;
-- A mail that no program can read waits in the desk for a person; the bounce reader adds such letters and sees none.
GRANT INSERT ON dead_letter TO closure_bounces;

COMMIT;
