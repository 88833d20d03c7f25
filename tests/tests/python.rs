//! A CRM in another language, which knows the JSON Schemas and the broker's address and nothing else.

use std::path::Path;

use closure_tests::harness::{Fleet, FleetOptions, LONG, python, run};

#[test]
fn a_crm_in_python_publishes_one_job_of_each_kind_and_hears_how_each_ended() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("python")).await;
        let schemas = tempfile::tempdir().expect("a folder can be made");
        fleet.cli(&["schema", &schemas.path().display().to_string()]).await.with_code(0);
        for personal in ["+81 90-5501-1000", "819055011000", "python-crm@example.com"] {
            fleet.add_canary(personal);
        }
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/crm.py");
        let mut command = python(&program);
        command.arg(&fleet.vhost.uri).arg(schemas.path());
        let output = tokio::time::timeout(LONG, command.output())
            .await
            .expect("the CRM ends in time")
            .expect("Python can be started");
        let (said, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}\n{errors}");
        for end in ["sms.delivered", "email.accepted", "dial.answered"] {
            assert!(said.contains(end), "the CRM did not hear {end}:\n{said}\n{errors}");
        }
        assert_eq!(fleet.sms.accepted_to("819055011000").len(), 1);
        assert_eq!(fleet.smtp.mails_to("python-crm@example.com").len(), 1);
        fleet.queues_are_empty().await;
        fleet.finish().await;
    });
}
