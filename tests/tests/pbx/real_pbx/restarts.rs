//! What the guide says of files and modules that keep a PBX from its work until somebody mends them.

use closure_tests::harness::{Asterisk, Connections, Fleet, FleetOptions, LONG, Party, eventually, run};

use super::checked::{ill, well};
use crate::support::prepared;

const GUIDE: &str = include_str!("../../../../deploy/asterisk/README.md");

/// The same PBX with the files that it has now, with all of its modules loaded; nobody waits for ARI.
async fn restart(pbx: &mut Asterisk) {
    let starts = |pbx: &Asterisk| pbx.log().matches("Asterisk Ready.").count();
    pbx.kill(Party::Pbx);
    let before = starts(pbx);
    pbx.start_party(Party::Pbx).await;
    eventually("the PBX to be up", LONG, || async {
        if starts(pbx) > before { Ok(()) } else { Err("it loads".to_owned()) }
    })
    .await;
}

#[test]
fn of_two_general_sections_asterisk_refuses_the_whole_file_and_ari_is_off() {
    run(async {
        const SECOND: &str = "\n; Of another tool.\n[general]\nenabled = yes\n";
        const SAYS: &str = "duplicate object: 'general'";
        assert!(GUIDE.contains(SAYS), "the guide quotes another line");
        let mut pbx = Asterisk::prepare().await;
        let fleet = prepared(&mut pbx, FleetOptions::without_processes("pbx-general")).await;
        well(&fleet, &[]).await;
        assert!(!pbx.log().contains(SAYS));
        pbx.change("ari.conf", "\n[closure]", &format!("{SECOND}\n[closure]"));
        restart(&mut pbx).await;
        ill(&fleet, &[], "pbx_without_ari").await;
        assert!(pbx.log().contains(SAYS), "the PBX says why: {}", pbx.log());
        pbx.change("ari.conf", SECOND, "");
        restart(&mut pbx).await;
        well(&fleet, &[]).await;
        fleet.finish().await;
    });
}

#[test]
fn a_record_whose_database_was_away_when_asterisk_started_comes_back_only_when_its_module_is_loaded_anew() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options = pbx.serves(FleetOptions::without_processes("pbx-record-away"));
        let fleet = Fleet::prepare(options.variable("FLEET_DIAL_EVIDENCE_WAIT_MS", "1500")).await;
        fleet.database.set_connections_allowed(Connections::Refused).await;
        pbx.start(&fleet.database).await;
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        for look in ["the first", "the second"] {
            ill(&fleet, &[], "writes no record of a call into the table cel").await;
            let rows = fleet.database.query("SELECT count(*) FROM cel").await;
            assert_eq!(rows, ["0"], "{look} call after the database came back");
        }
        for command in ["module unload cel_pgsql.so", "module load cel_pgsql.so"] {
            assert!(GUIDE.contains(&format!("`{command}`")), "the guide names `{command}` no more");
            pbx.console(command).await;
        }
        well(&fleet, &[]).await;
        fleet.finish().await;
    });
}

#[test]
fn a_database_that_goes_away_while_asterisk_runs_costs_the_record_of_that_time_alone() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options = pbx.serves(FleetOptions::without_processes("pbx-record-gone"));
        let fleet = Fleet::prepare(options.variable("FLEET_DIAL_EVIDENCE_WAIT_MS", "1500")).await;
        pbx.start(&fleet.database).await;
        well(&fleet, &[]).await;
        fleet.database.set_connections_allowed(Connections::Refused).await;
        let lost = uuid::Uuid::new_v4().to_string();
        pbx.originate(&lost, "Local/closure-check@closure-dial", "closure-check").await;
        eventually("the PBX to say so", LONG, || async {
            let says = pbx.log().contains("Calls will not be logged!");
            if says { Ok(()) } else { Err(pbx.log()) }
        })
        .await;
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        eventually("records to arrive again", LONG, || async {
            let name = uuid::Uuid::new_v4().to_string();
            pbx.originate(&name, "Local/closure-check@closure-dial", "closure-check").await;
            let rows =
                fleet.database.query(&format!("SELECT count(*) FROM cel WHERE linkedid = '{name}'")).await;
            if rows == ["0"] { Err("none yet".to_owned()) } else { Ok(()) }
        })
        .await;
        well(&fleet, &[]).await;
        fleet.finish().await;
    });
}
