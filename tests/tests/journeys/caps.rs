//! How often a number, a country and the whole fleet may be contacted (B5).

use closure_contract::{FailureCode, OutcomeName, RuleId};
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};

#[test]
fn a_number_that_was_contacted_often_enough_waits_for_a_person_and_so_does_a_replay() {
    run(async {
        let options =
            FleetOptions::together("cap-number").rules("[caps.number]\ncount = 2\nwindow_ms = 604_800_000\n");
        let fleet = Fleet::start(options).await;
        for _ in 0..2 {
            let id = fleet.publish(&jobs::sms("+819043011001", "capped@example.com")).await;
            assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.delivered");
        }
        let third = fleet.publish(&jobs::sms("+819043011001", "capped@example.com")).await;
        let heard = fleet.outcomes_of(third, 1).await;
        assert_eq!(heard[0].summary(), "sms.dead number_cap_reached");
        assert!(heard[0].outcome.rules.iter().any(|rule| rule.id == RuleId::B5));
        let number = fleet.letters_of(third).await[0].summary.id.to_string();
        fleet.cli(&["dead", "replay", &number, "--actor", "kim", "--reason", "a test"]).await.with_code(0);
        let again = fleet.outcomes_of(third, 2).await;
        assert_eq!(again[1].outcome.outcome, OutcomeName::Dead);
        assert_eq!(again[1].outcome.code, Some(FailureCode::NumberCapReached));
        assert_eq!(fleet.sms.sent_to("819043011001").len(), 2, "a replay is no way around the cap");
        let other = fleet.publish(&jobs::sms("+819043011002", "other@example.com")).await;
        assert_eq!(
            fleet.outcomes_of(other, 1).await[0].summary(),
            "sms.delivered",
            "each number has its own"
        );
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn many_at_once_to_one_number_are_counted_one_by_one() {
    run(async {
        let options =
            FleetOptions::together("cap-race").rules("[caps.number]\ncount = 3\nwindow_ms = 604_800_000\n");
        let fleet = Fleet::start(options).await;
        let list: Vec<_> = (0..20).map(|_| jobs::sms("+819043011003", "race@example.com")).collect();
        fleet.publish_all(&list).await;
        let mut ends = Vec::new();
        for job in &list {
            ends.push(fleet.outcomes_of(jobs::id(job), 1).await[0].summary());
        }
        let delivered = ends.iter().filter(|end| *end == "sms.delivered").count();
        let held = ends.iter().filter(|end| *end == "sms.dead number_cap_reached").count();
        assert_eq!((delivered, held), (3, 17), "{ends:?}");
        assert_eq!(fleet.sms.sent_to("819043011003").len(), 3);
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn what_goes_beyond_a_countrys_or_the_fleets_cap_waits_for_the_next_window_and_nobody_has_to_settle_it() {
    for (name, cap) in [("cap-country", "country"), ("cap-fleet", "fleet")] {
        run(async {
            let options =
                FleetOptions::together(name).rules(&format!("[caps.{cap}]\ncount = 2\nwindow_ms = 4_000\n"));
            let fleet = Fleet::start(options).await;
            let list: Vec<_> =
                (0..5).map(|index| jobs::sms(&jobs::number(4302, index), "window@example.com")).collect();
            fleet.publish_all(&list).await;
            for job in &list {
                let heard = fleet.outcomes_of(jobs::id(job), 1).await;
                assert_eq!((heard[0].summary().as_str(), heard[0].outcome.attempts), ("sms.delivered", 1));
            }
            assert!(fleet.letters().await.is_empty(), "a limit is no death");
            assert!(fleet.smtp.mails().is_empty(), "and no reason for an email");
            let windows = fleet
                .database
                .query(&format!("SELECT max(count) FROM contact_tally WHERE counter LIKE '{cap}%'"))
                .await;
            assert!(
                windows.iter().all(|count| count.parse::<u32>().is_ok_and(|count| count <= 2)),
                "{windows:?}"
            );
            fleet.drain().await;
            fleet.finish().await;
        });
    }
}

#[test]
fn neighbouring_numbers_together_and_one_address_are_contacted_only_so_often_and_a_replay_is_no_way_around() {
    run(async {
        let options = FleetOptions::together("cap-neighbours").rules(
            "[caps.prefix]\ncount = 3\nwindow_ms = 604_800_000\n\n\
             [caps.address_day]\ncount = 3\nwindow_ms = 604_800_000\n",
        );
        let fleet = Fleet::start(options).await;
        let mut jobs_of: Vec<_> = (0..5)
            .map(|index| jobs::sms(&jobs::number(4303, 1_000 + index), &format!("row-{index}@example.com")))
            .collect();
        jobs_of.extend((0..5).map(|_| jobs::email("flooded@example.com")));
        fleet.publish_all(&jobs_of).await;
        let mut ends = Vec::new();
        for job in &jobs_of {
            ends.push(fleet.outcomes_of(jobs::id(job), 1).await[0].summary());
        }
        for (end, count) in [
            ("sms.delivered", 3),
            ("sms.dead prefix_cap_reached", 2),
            ("email.accepted", 3),
            ("email.dead address_cap_reached", 2),
        ] {
            assert_eq!(ends.iter().filter(|said| *said == end).count(), count, "{end} of {ends:?}");
        }
        let held = ends.iter().position(|end| end == "email.dead address_cap_reached").expect("two are held");
        let held = jobs::id(&jobs_of[held]);
        let number = fleet.letters_of(held).await[0].summary.id.to_string();
        fleet.cli(&["dead", "replay", &number, "--actor", "kim", "--reason", "a test"]).await.with_code(0);
        let again = fleet.outcomes_of(held, 2).await;
        assert_eq!(again[1].summary(), "email.dead address_cap_reached");
        assert_eq!(fleet.smtp.mails_to("flooded@example.com").len(), 3);
        fleet.drain().await;
        fleet.finish().await;
    });
}
