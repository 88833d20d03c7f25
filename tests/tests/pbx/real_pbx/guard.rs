//! The lines of the guide by which the PBX itself lets one name of a call ring one customer once.

use closure_tests::harness::{Asterisk, Fleet, FleetOptions, LONG, Party, eventually, run};

use crate::support::{prepared, rung};

const GUIDE: &str = include_str!("../../../../deploy/asterisk/README.md");
const BEFORE: &str = "exten => customer,1,NoOp(closure ${C2C_JOB})\n";

/// The two lines that stand behind the customer's first, and what stands anywhere in the context.
fn lines() -> (String, String) {
    let (_, part) = GUIDE.split_once("### Once only").expect("the guide shows the guard");
    let (_, block) = part.split_once("```text\n").expect("it shows its lines");
    let (block, _) = block.split_once("```").expect("its block ends");
    let (first, rest) = block.split_once("\n\n").expect("the guard has two parts");
    assert_eq!(first.lines().count(), 2, "{first}");
    (format!("{first}\n"), rest.to_owned())
}

/// Places a call of this name once more, and waits for its end.
async fn again(pbx: &Asterisk, name: &str) {
    let rings = pbx.rings_of("1001");
    assert_eq!(pbx.originate(name, "PJSIP/1001", "9001819046000001").await.status, 200);
    rung("the agent's phone to ring", rings + 1, || pbx.rings_of("1001")).await;
    eventually("the call to have ended", LONG, || async {
        let channels = pbx.console("core show channels count").await;
        if channels.contains("0 active channels") { Ok(()) } else { Err(channels) }
    })
    .await;
}

/// With which causes the agent's legs of this name ended, the oldest first.
async fn causes(fleet: &Fleet, name: &str) -> Vec<String> {
    let sql = format!(
        "SELECT extra::jsonb->>'hangupcause' FROM cel \
         WHERE linkedid = '{name}' AND uniqueid = linkedid AND eventtype = 'HANGUP' ORDER BY id"
    );
    fleet.database.query(&sql).await
}

#[test]
fn with_the_guards_lines_one_name_rings_the_customer_once_whatever_becomes_of_the_pbx() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let (first, rest) = lines();
        pbx.change("extensions.conf", BEFORE, &format!("{BEFORE}{first}"));
        pbx.change(
            "extensions.conf",
            "exten => refused,1,Hangup(28)\n",
            &format!("exten => refused,1,Hangup(28)\n\n{rest}"),
        );
        assert!(GUIDE.contains("`func_db.so`"), "the guide names the module that the lines need");
        pbx.change("modules.conf", "load = func_logic.so\n", "load = func_logic.so\nload = func_db.so\n");
        let fleet = prepared(&mut pbx, FleetOptions::without_processes("pbx-guard")).await;
        let name = uuid::Uuid::new_v4().to_string();
        again(&pbx, &name).await;
        assert_eq!(pbx.calls_to("819046000001"), 1);
        again(&pbx, &name).await;
        assert_eq!(pbx.calls_to("819046000001"), 1, "the second time the agent's phone rings alone");
        assert_eq!(causes(&fleet, &name).await, ["16", "44"]);
        pbx.kill(Party::Pbx);
        pbx.start_party(Party::Pbx).await;
        pbx.answers().await;
        again(&pbx, &name).await;
        assert_eq!(pbx.calls_to("819046000001"), 1, "it outlives the PBX");
        pbx.console("database deltree closure").await;
        again(&pbx, &name).await;
        assert_eq!(pbx.calls_to("819046000001"), 2, "until somebody removes it");
        fleet.finish().await;
    });
}
