//! Addresses of the database as people write them by mistake.

use closure_tests::harness::{Fleet, FleetOptions, cli, run};

#[test]
fn an_address_of_the_database_that_names_two_is_a_wrong_configuration_for_every_command_and_never_repeated() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("two-addresses")).await;
        let own = &fleet.database.url;
        let (_, place) = own.split_once('@').expect("the address names a user");
        let two = format!("{own},postgres://closure:hunter2@{place}");
        let mut environment = fleet.environment.clone();
        environment.retain(|(name, _)| name != "FLEET_DATABASE_URL");
        environment.push(("FLEET_DATABASE_URL".to_owned(), two));
        environment.push(("FLEET_ADVISOR_TOKEN".to_owned(), "x".repeat(32)));
        let name = ["--actor", "kim", "--reason", "a test"];
        let commands: [&[&str]; 9] = [
            &["migrate"],
            &["doctor"],
            &["work", "dead"],
            &["dead", "list"],
            &["show", "C-1"],
            &["cancel", "C-1", "--undo", name[0], name[1], name[2], name[3]],
            &["suppress", "list"],
            &["template", "list"],
            &["advisor"],
        ];
        for command in commands {
            let answer = cli(&environment, command).await;
            let said = format!("{}{}", answer.output, answer.errors);
            assert!(!said.contains("hunter2"), "{command:?}: {said}");
            assert!(
                answer.code == 64 && said.contains("`database.url`"),
                "{command:?} {}: {said}",
                answer.code
            );
        }
        fleet.vhost.delete().await;
    });
}
