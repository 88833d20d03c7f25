//! What holds for every input.

use std::collections::BTreeMap;

use closure_contract::{
    Evidence, FailureCode, Job, Provider, ReceiptStatus, SmsJob,
    facts::{
        calls::{CallEvent, CallEventKind, ChannelPresence, ChannelState},
        receipts::ReceiptFact,
    },
};
use closure_policy::{
    dial::record::read_call,
    explain::Verdict,
    fallback::{Due, EmailDue, RecordedState, SmsState, judge},
    mask,
    sms::segments,
    template::Template,
};
use proptest::{prelude::*, sample::select};
use serde_json::json;

use crate::support::{NOW, decide, dial, email, facts, rulebook, rulebook_of, sms, sms_job};

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() }
}

fn receipts() -> impl Strategy<Value = Vec<ReceiptFact>> {
    let statuses = [
        ReceiptStatus::InTransit,
        ReceiptStatus::Delivered,
        ReceiptStatus::Undelivered,
        ReceiptStatus::Expired,
        ReceiptStatus::Unknown,
    ];
    let evidences = [Evidence::None, Evidence::Gateway, Evidence::Carrier, Evidence::Handset];
    let codes = prop::option::of(select(FailureCode::ALL.to_vec()));
    let one = (select(statuses.to_vec()), select(evidences.to_vec()), codes, 0..100_i64).prop_map(
        |(status, evidence, code, second)| {
            let at = closure_contract::Timestamp(NOW.0 + time::Duration::seconds(second));
            ReceiptFact {
                provider: Provider::Nhn,
                status,
                evidence,
                code,
                occurred_at: Some(at),
                received_at: at,
            }
        },
    );
    prop::collection::vec(one, 0..8)
}

fn recorded_states() -> impl Strategy<Value = RecordedState> {
    let code = select(FailureCode::ALL.to_vec());
    prop_oneof![
        Just(RecordedState::Pending),
        Just(RecordedState::Accepted),
        Just(RecordedState::InDoubt),
        Just(RecordedState::WithPerson),
        Just(RecordedState::Expired),
        code.clone().prop_map(RecordedState::Refused),
        code.prop_map(RecordedState::Unknown),
    ]
}

fn jobs() -> impl Strategy<Value = SmsJob> {
    let number = select(vec!["+819012345678", "+84912345678", "+8613812345678", "garbage"]);
    let text = select(vec!["Hello there.".to_owned(), "您的退款已经处理完毕。".to_owned(), "a".repeat(200)]);
    let address = select(vec![json!("a@example.com"), json!(null), json!("nobody")]);
    (number, text, address).prop_map(|(number, text, address)| {
        sms_job(json!({ "to": { "phone": { "number": number }, "email": address }, "sms": { "text": text } }))
    })
}

fn due() -> impl Strategy<Value = Due> {
    select(vec![Due::NotYet, Due::Overdue])
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_and_the_repetition_of_receipts_do_not_matter(
        job in jobs(),
        recorded in recorded_states(),
        (straight, shuffled) in receipts().prop_flat_map(|list| {
            let twice: Vec<ReceiptFact> = list.iter().chain(list.iter().rev().take(3)).copied().collect();
            (Just(list), Just(twice).prop_shuffle())
        }),
        due in due(),
    ) {
        let rulebook = rulebook();
        let told = |receipts: &[ReceiptFact]| {
            judge(&facts(&job, recorded, receipts, due), &rulebook)
        };
        prop_assert_eq!(told(&straight), told(&shuffled));
    }

    #[test]
    fn a_customer_who_was_not_reached_has_one_email_under_one_id(
        job in jobs(), recorded in recorded_states(), receipts in receipts(), due in due(),
    ) {
        let judgement = judge(&facts(&job, recorded, &receipts, due), &rulebook());
        let email = match &judgement.email {
            EmailDue::Due(email) | EmailDue::NoAddress { email, .. } => Some(email),
            EmailDue::NotDue | EmailDue::OnHold => None,
        };
        if let Some(email) = email {
            prop_assert_eq!(email.job_id, job.job_id.fallback_email());
            let is_usable = email.to.email.as_deref() == Some("a@example.com");
            prop_assert_eq!(matches!(judgement.email, EmailDue::Due(_)), is_usable);
        }
        match judgement.state {
            SmsState::Undelivered | SmsState::Unknown | SmsState::Refused => prop_assert!(email.is_some()),
            SmsState::WithPerson | SmsState::TurnedBack | SmsState::Expired => prop_assert!(email.is_none()),
            SmsState::Pending | SmsState::Accepted | SmsState::Delivered => {}
        }
    }

    #[test]
    fn a_word_more_never_makes_a_delivered_single_part_less_than_delivered(
        recorded in recorded_states(), list in receipts(), due in due(),
    ) {
        let job = sms_job(json!({}));
        let rulebook = rulebook();
        let state = |receipts: &[ReceiptFact]| {
            judge(&facts(&job, recorded, receipts, due), &rulebook).state
        };
        for end in 0..list.len() {
            if state(&list[..end]) == SmsState::Delivered {
                prop_assert_eq!(state(&list), SmsState::Delivered);
            }
        }
    }

    #[test]
    fn every_text_anywhere_gets_an_answer_and_a_plan_exactly_with_send(
        number in any_text(), rest in any_text(), body in any_text(), subject in any_text(), address in any_text(),
        overseas in any::<bool>(),
    ) {
        let rulebook = rulebook();
        let scope = if overseas { "overseas" } else { "domestic" };
        let whole = json!({ "number": number, "country_hint": rest });
        let mut jobs: Vec<Job> = vec![
            sms(json!({ "scope": scope, "to": { "phone": whole, "email": address },
                "sms": { "text": body, "subject": subject, "sender": rest } })),
            sms(json!({ "scope": scope, "to": { "phone": { "number": "+84912345678" } },
                "sms": { "text": null, "template": "vn_refund", "variables": { "amount": body, "trip": rest } } })),
            sms(json!({ "to": { "phone": { "number": "+8613812345678" } }, "sms": { "text": body } })),
            email(json!({ "scope": scope, "to": { "email": address }, "email": { "subject": subject, "text": body } })),
        ];
        jobs.push(dial(json!({ "scope": scope, "agent": { "extension": rest }, "to": { "phone": whole } })));
        jobs.push(dial(json!({ "scope": scope, "to": { "phone":
            { "number": null, "country_code": rest, "national_number": number } } })));
        for job in &jobs {
            let decision = decide(job, &rulebook, NOW);
            prop_assert_eq!(decision.plan.is_some(), decision.verdict == Verdict::Send);
            prop_assert_eq!(decision.code.is_some(), matches!(decision.verdict, Verdict::Reject | Verdict::NeedsPerson));
            prop_assert!(decision.rules.iter().all(|rule| rule.detail.chars().count() < 600));
            if let Some(dialled) = &decision.dial_string {
                prop_assert!(dialled.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
        let _ = (mask::phone(&number), mask::email(&address));
    }

    #[test]
    fn what_a_template_renders_it_matches_again_with_the_same_values(
        amount in "[0-9]{1,3}(,[0-9]{3}){0,2}", trip in "[A-Za-z0-9]{1,10}",
    ) {
        with_template(|template| {
            let values = BTreeMap::from([("amount".to_owned(), amount), ("trip".to_owned(), trip)]);
            let text = template.render(&values).expect("the values fit");
            prop_assert_eq!(template.matches(&text), Ok(values));
            Ok(())
        })?;
    }

    #[test]
    fn what_a_template_matches_it_renders_again_to_the_same_text(value in "\\PC{1,20}", other in "\\PC{1,6}") {
        let rulebook = rulebook_of(
            "[[templates]]\nname = \"t\"\ncountry_code = 84\ntext = \"[K.ride] Answered: {a:text:12}, {b:text:6}!\"\napproved = true",
        );
        let template = rulebook.templates().first().expect("there is one template");
        if let Ok(values) = template.matches(&format!("[K.ride] Answered: {value}, {other}!")) {
            prop_assert_eq!(template.render(&values), Ok(format!("[K.ride] Answered: {value}, {other}!")));
        }
    }

    #[test]
    fn one_changed_character_in_a_literal_is_never_an_instance(at in 0_usize..60, new in any::<char>()) {
        with_template(|template| {
            let values = BTreeMap::from([("amount".to_owned(), "1".to_owned()), ("trip".to_owned(), "A".to_owned())]);
            let text = template.render(&values).expect("the values fit");
            let mut characters: Vec<char> = text.chars().collect();
            let at = at % characters.len();
            let in_value = matches!(characters[at], '1' | 'A');
            if !in_value && characters[at] != new {
                characters[at] = new;
                let changed: String = characters.into_iter().collect();
                // A character next to a value may be read as more of that value, and then it is a literal too many.
                prop_assert!(template.matches(&changed).is_err(), "{}", changed);
            }
            Ok(())
        })?;
    }

    #[test]
    fn parts_hold_their_text_and_no_more_than_needed(text in "\\PC{0,400}") {
        let parts = segments::count(&text);
        let (whole, part) = match parts.encoding {
            segments::Encoding::Gsm7 => (160, 153),
            segments::Encoding::Ucs2 | segments::Encoding::EucKr => (70, 67),
        };
        prop_assert_eq!(parts.segments <= 1, parts.units <= whole);
        if parts.segments > 1 {
            prop_assert!(parts.units <= parts.segments * part);
            prop_assert!(parts.units > (parts.segments - 1) * (part - 1));
        }
    }

    #[test]
    fn any_rows_of_the_call_log_make_a_story(
        rows in prop::collection::vec((0_usize..9, 0_usize..3, 0_i64..60, prop::option::of(any_text())), 0..12),
        presence in select(vec![
            Some(ChannelPresence::Alive { state: ChannelState::Up }), Some(ChannelPresence::Gone), None,
        ]),
    ) {
        let kinds = ["CHAN_START", "ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "HANGUP", "CHAN_END", "LINKEDID_END", "APP", ""];
        let events: Vec<CallEvent> = rows
            .into_iter()
            .map(|(kind, leg, second, extra)| CallEvent {
                kind: CallEventKind::named(kinds[kind]),
                unique_id: ["call", "leg", "other"][leg].to_owned(),
                linked_id: "call".to_owned(),
                at: closure_contract::Timestamp(NOW.0 + time::Duration::seconds(second)),
                extra,
            })
            .collect();
        let mut reversed = events.clone();
        reversed.reverse();
        prop_assert_eq!(read_call("call", &events, presence), read_call("call", &reversed, presence));
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[+＋0-9０-９ ()-]{0,20}",
        "\\+?[0-9]{5,15}",
        "[a-z.@-]{0,20}",
        prop::collection::vec(any::<char>(), 0..60).prop_map(|characters| characters.into_iter().collect()),
    ]
}

fn with_template(check: impl FnOnce(&Template) -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    let rulebook = rulebook();
    check(rulebook.templates().first().expect("there is a template"))
}

#[test]
fn matching_a_long_text_of_one_character_takes_one_pass() {
    let rulebook = rulebook_of(
        "[[templates]]\nname = \"t\"\ncountry_code = 84\n\
         text = \"[K.ride] {a:text:50}aab{b:text:50}aab{c:text:50}aab\"\napproved = true",
    );
    let template = rulebook.templates().first().expect("there is one template");
    let mismatch =
        template.matches(&format!("[K.ride] {}", "a".repeat(60_000))).expect_err("it is no instance");
    assert_eq!(mismatch.offset, 59);
}
