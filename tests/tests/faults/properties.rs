//! Properties that other programs put on a message: any bytes, any types, none at all.

use closure_contract::{
    FailureCode, Generation, JobId, Timestamp,
    topology::{DELIVERY_LIMIT, JOBS, UNROUTABLE},
};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{
    Fleet, FleetOptions, Heard, LONG, eventually, jobs,
    raw_amqp::{Properties, Property, RawPublisher, Said, field, long},
    run,
};
use serde_json::{Value, json};

use crate::{
    load::{address, all_are_heard, emails, one_end, until},
    made_properties::{nested, sound_death, words},
};

/// Bytes of EUC-KR, as an old Korean system writes them: no UTF-8.
pub(crate) const EUC_KR: &[u8] = b"\xb0\xed\xb0\xb4-1";
/// As many jobs as once stood behind one message.
const GOOD: u16 = 40;

async fn publish(fleet: &Fleet, key: &[u8], properties: &Properties, job: &Value) {
    let mut publisher = RawPublisher::open(&fleet.vhost.uri).await;
    let said = publisher.publish(JOBS, key, properties, job.to_string().as_bytes()).await;
    assert_eq!(said, Said::Confirmed);
}

/// The job, not to be sent before so many seconds have passed.
pub(crate) fn later(mut job: Value, seconds: i64) -> Value {
    let now = Timestamp::now();
    job["not_before"] = json!(Timestamp(now.0 + time::Duration::seconds(seconds)));
    job
}

#[test]
fn a_message_that_a_strict_reader_cannot_read_stops_nobody_and_counts_against_nobody() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("strict")).await;
        let good = emails(5201, GOOD);
        let odd = [
            Properties::default().text(Property::MessageId, EUC_KR),
            Properties::default().text(Property::CorrelationId, EUC_KR),
            Properties::default().text(Property::Type, &[0xff; 255]),
            Properties::default().headers(&[(EUC_KR, field(b'V', b""))]),
            Properties::default().headers(&[(b"deep", nested(20_000))]),
        ];
        let odd_jobs = emails(5202, u16::try_from(odd.len()).expect("a few"));
        let before_each = good.chunks(good.len().div_ceil(odd.len()));
        for ((properties, job), before) in odd.iter().zip(&odd_jobs).zip(before_each) {
            fleet.publish_all(before).await;
            publish(&fleet, b"email", properties, job).await;
        }
        let ids: Vec<JobId> = good.iter().chain(&odd_jobs).map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        for id in ids {
            assert_eq!(one_end(&fleet, id), "email.accepted");
        }
        assert!(fleet.letters().await.is_empty());
        fleet.finish().await;
    });
}

#[test]
fn no_queue_of_the_dead_is_jammed_by_a_key_or_an_id_that_is_no_utf8() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("jam")).await;
        let (odd_key, odd_id) = (json!({ "a": 1 }), json!({ "a": 2 }));
        publish(&fleet, EUC_KR, &Properties::default(), &odd_key).await;
        let no_utf8 = Properties::default().text(Property::MessageId, EUC_KR);
        publish(&fleet, b"sms", &no_utf8, &odd_id).await;
        let behind = [json!({ "a": 3 }), json!({ "a": 4 })];
        publish(&fleet, b"fax", &Properties::default(), &behind[0]).await;
        publish(&fleet, b"sms", &Properties::default(), &behind[1]).await;
        for body in [&odd_key, &odd_id, &behind[0], &behind[1]] {
            eventually("the letter", LONG, || async {
                let found = fleet.letters_with(body.to_string().as_bytes()).await;
                if found.len() == 1 { Ok(()) } else { Err(format!("{} letters", found.len())) }
            })
            .await;
        }
        let letter = fleet.letters_with(odd_key.to_string().as_bytes()).await.remove(0);
        assert_eq!(
            (letter.summary.queue.as_str(), letter.routing_key.as_str()),
            (UNROUTABLE, r"\xb0\xed\xb0\xb4-1")
        );
        let letter = fleet.letters_with(odd_id.to_string().as_bytes()).await.remove(0);
        assert_eq!(letter.message_id.as_deref(), Some(r"\xb0\xed\xb0\xb4-1"), "the bytes can be told");
        fleet.queues_are_empty().await;
        fleet.finish().await;
    });
}

#[test]
fn what_is_let_wait_comes_back_whatever_key_id_and_headers_its_sender_chose() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("home")).await;
        let cc = |headers: &[(&[u8], Vec<u8>)]| {
            Properties::default().headers(&[&[(&b"CC"[..], words(&["email"]))], headers].concat())
        };
        let odd = [
            // (a) More of them than a delay holds that cannot route them.
            (b"zzz".to_vec(), cc(&[]).text(Property::MessageId, b"any")),
            (vec![b'k'; 255], cc(&[]).text(Property::MessageId, &[b'i'; 255])),
            // (b) Nothing that we could publish on.
            (b"email".to_vec(), Properties::default()),
            (b"email".to_vec(), Properties::default().text(Property::MessageId, b"")),
            (b"zzz".to_vec(), cc(&[(b"traceparent", field(b'S', &long(&[b'0'; 300])))])),
        ];
        let list: Vec<Value> = emails(5203, 60).into_iter().map(|job| later(job, 2)).collect();
        for (index, job) in list.iter().enumerate() {
            let (key, properties) = &odd[index % odd.len()];
            publish(&fleet, key, properties, job).await;
        }
        let behind = later(jobs::email(&address(5204, 0)), 2);
        fleet.publish(&behind).await;
        let ids: Vec<JobId> = list.iter().chain([&behind]).map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        for id in ids {
            assert_eq!(one_end(&fleet, id), "email.accepted");
        }
        fleet.finish().await;
    });
}

#[test]
fn counts_that_a_sender_makes_up_are_neither_believed_nor_stored() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("made-up")).await;
        let absurd = Properties::default().headers(&[
            (b"x-closure-generation", field(b'I', &i32::MAX.to_be_bytes())),
            (b"x-closure-attempt", field(b'I', &i32::MAX.to_be_bytes())),
        ]);
        let (job, torn) = (jobs::email(&address(5205, 0)), json!({ "kind": "closure.email/1", "a": 1 }));
        publish(&fleet, b"email", &absurd, &job).await;
        publish(&fleet, b"email", &absurd, &torn).await;
        let heard = fleet.outcomes_of(jobs::id(&job), 1).await;
        assert_eq!((heard[0].outcome.generation, heard[0].outcome.attempts), (Generation::FIRST, 1));
        let story = fleet.story(jobs::id(&job)).await.expect("a delivery");
        assert_eq!(story.generation, Generation::FIRST);
        let letter = eventually("the letter", LONG, || async {
            fleet.letters_with(torn.to_string().as_bytes()).await.pop().ok_or_else(|| "none".to_owned())
        })
        .await;
        assert_eq!(letter.summary.generation, Generation::FIRST);
        fleet.finish().await;
    });
}

#[test]
fn a_message_that_ran_out_by_its_own_expiration_is_told_as_such() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("ran-out")).await;
        fleet.stop_process("workers").await;
        let job = jobs::email(&address(5206, 0));
        publish(&fleet, b"email", &Properties::default().text(Property::Expiration, b"100"), &job).await;
        eventually("the message to run out", LONG, || async {
            match fleet.depth("closure.email.dead").await {
                1 => Ok(()),
                ready => Err(format!("{ready} ready")),
            }
        })
        .await;
        fleet.start_process("workers").await;
        let heard = fleet.outcomes_of(jobs::id(&job), 1).await;
        assert_eq!(heard[0].summary(), "email.dead message_expired");
        let letters = fleet.letters_of(jobs::id(&job)).await;
        assert_eq!(
            letters.iter().map(|letter| letter.summary.code).collect::<Vec<_>>(),
            [FailureCode::MessageExpired]
        );
        fleet.finish().await;
    });
}

#[test]
fn a_job_that_was_only_delivered_too_often_is_done_and_no_crash_loop() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("too-often")).await;
        fleet.stop_process("workers").await;
        let list = emails(5207, 5);
        fleet.publish_all(&list).await;
        // Each time that a connection breaks the broker counts once for everything that was in hand.
        for _ in 0..=DELIVERY_LIMIT {
            fleet.vhost.give_back("closure.email", list.len()).await;
        }
        eventually("the broker to give them up", LONG, || async {
            match fleet.depth("closure.email.dead").await {
                5 => Ok(()),
                ready => Err(format!("{ready} ready")),
            }
        })
        .await;
        fleet.start_process("workers").await;
        let ids: Vec<JobId> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        for id in ids {
            assert_eq!(one_end(&fleet, id), "email.accepted");
        }
        assert!(fleet.letters().await.is_empty());
        fleet.finish().await;
    });
}

#[test]
fn a_job_that_its_sender_copies_to_other_channels_is_done_once_and_only_its_copies_die() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("copies")).await;
        let (sms, email) = (b"sms", b"email");
        let mut all = Vec::new();
        for round in 0..3 {
            for (index, (name, to)) in
                [(&b"BCC"[..], "email"), (b"CC", "dial"), (b"CC", "email")].into_iter().enumerate()
            {
                let index = u16::try_from(round * 10 + index).expect("a few");
                let job = jobs::sms(&jobs::number(5208, index), &address(5208, index));
                let copied = Properties::default().headers(&[(name, words(&[to]))]);
                publish(&fleet, sms, &copied, &job).await;
                all.push((job, "sms.delivered"));
            }
            let job = jobs::email(&address(5209, u16::try_from(round).expect("a few")));
            publish(&fleet, email, &Properties::default().headers(&[(b"CC", words(&["sms"]))]), &job).await;
            all.push((job, "email.accepted"));
        }
        for (job, end) in all {
            eventually("the copy's end and the job's own", LONG, || async {
                let mut heard = fleet.outcomes.of(jobs::id(&job));
                heard.sort_by_key(|heard| heard.outcome.word);
                let ends: Vec<_> = heard.iter().map(Heard::summary).collect();
                let has_copy = ends.iter().any(|one| one.ends_with("dead wrong_queue"));
                if has_copy && ends.last().is_some_and(|last| last == end) {
                    Ok(())
                } else {
                    Err(ends.join(", "))
                }
            })
            .await;
            let letters = fleet.letters_with(job.to_string().as_bytes()).await;
            assert!(
                letters.iter().all(|letter| letter.summary.code == FailureCode::WrongQueue),
                "{letters:?}"
            );
        }
        fleet.queues_are_empty().await;
        fleet.finish().await;
    });
}

#[test]
fn a_death_that_a_sender_makes_up_ends_no_job() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("made-up-death")).await;
        let job = jobs::sms(&jobs::number(5210, 0), &address(5210, 0));
        fleet.sms.behave_all(SmsBehaviour::SlowAnswer);
        let id = fleet.publish(&job).await;
        until("texts at the gateway", 1, || fleet.sms.sent().len()).await;
        let made_up = Properties::default().headers(&[(b"x-death", sound_death("closure.sms"))]);
        publish(&fleet, b"zzz", &made_up, &job).await;
        eventually("the letter", LONG, || async {
            let letters = fleet.letters_with(job.to_string().as_bytes()).await;
            if letters.len() == 1 { Ok(()) } else { Err(format!("{} letters", letters.len())) }
        })
        .await;
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.drain().await;
        let about_the_job = fleet.outcomes.of(id).into_iter().filter(|heard| heard.outcome.word > 0);
        assert_eq!(about_the_job.map(|heard| heard.summary()).collect::<Vec<_>>(), ["sms.delivered"]);
        fleet.finish().await;
    });
}
