//! R14c to R14f: whatever the order in which a text message's facts come in, and however often.

use std::collections::BTreeSet;

use closure_contract::{
    Evidence, FailureCode, JobId, Provider, ReceiptStatus, SmsJob, facts::receipts::ReceiptFact,
};
use closure_policy::{
    fallback::{Due, EmailDue, EmailSoFar, Facts, Judgement, RecordedState, Signals, SmsState, judge},
    gateway::fallback_hold::{FallbackHold, HeldCountries},
    rulebook::CompiledRulebook,
};
use proptest::{prelude::*, sample::select};
use serde_json::json;

use crate::support::{NOW, facts, rulebook, sms_job};

/// One thing that happens to a text message.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    Submitted(RecordedState),
    Receipt(ReceiptStatus, Evidence),
    DueTimePassed,
    HoldOn,
    HoldOff,
}

/// What a fallback worker keeps: the facts so far, and the emails that it sent, each under its id.
struct Ledger<'a> {
    job: &'a SmsJob,
    rulebook: &'a CompiledRulebook,
    recorded: RecordedState,
    receipts: Vec<ReceiptFact>,
    due: Due,
    hold: FallbackHold,
    emails: BTreeSet<JobId>,
}

impl<'a> Ledger<'a> {
    fn new(job: &'a SmsJob, rulebook: &'a CompiledRulebook) -> Self {
        let (recorded, due, hold) = (RecordedState::Pending, Due::NotYet, FallbackHold::Off);
        Self { job, rulebook, recorded, receipts: Vec::new(), due, hold, emails: BTreeSet::new() }
    }

    fn hear(&mut self, event: Event) -> Judgement {
        match event {
            Event::Submitted(recorded) => self.recorded = recorded,
            Event::DueTimePassed => self.due = Due::Overdue,
            Event::HoldOn => self.hold = FallbackHold::On,
            Event::HoldOff => self.hold = FallbackHold::Off,
            Event::Receipt(status, evidence) => self.receipts.push(ReceiptFact {
                provider: Provider::Nhn,
                status,
                evidence,
                code: None,
                occurred_at: None,
                received_at: NOW,
            }),
        }
        let Self { job, recorded, receipts, due, .. } = &*self;
        let held = match self.hold {
            FallbackHold::On => HeldCountries::All,
            FallbackHold::Off | FallbackHold::Overruled => HeldCountries::NONE,
        };
        let email = if self.emails.is_empty() { EmailSoFar::None } else { EmailSoFar::Made };
        let known = Facts { email, held: &held, ..facts(job, *recorded, receipts, *due) };
        // What it says of its gateway is said once, in whatever order.
        let judgement = Judgement { signals: Signals::default(), ..judge(&known, self.rulebook) };
        if let Some(id) = email_id(&judgement) {
            self.emails.insert(id);
        }
        judgement
    }

    /// Hears a whole history; the answer is the last judgement.
    fn tell(&mut self, history: &[Event]) -> Judgement {
        let told: Vec<Judgement> = history.iter().map(|event| self.hear(*event)).collect();
        told.into_iter().next_back().expect("a history is not empty")
    }
}

fn email_id(judgement: &Judgement) -> Option<JobId> {
    match &judgement.email {
        EmailDue::Due(email) | EmailDue::NoAddress { email, .. } => Some(email.job_id),
        EmailDue::NotDue | EmailDue::OnHold => None,
    }
}

fn permutations(events: &[Event]) -> Vec<Vec<Event>> {
    let Some((first, rest)) = events.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for shorter in permutations(rest) {
        for at in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(at, *first);
            all.push(longer);
        }
    }
    all
}

fn to_japan(parts: usize) -> SmsJob {
    sms_job(json!({ "sms": { "text": "a".repeat(if parts > 1 { 161 } else { 10 }) } }))
}

const SUBMITTED: Event = Event::Submitted(RecordedState::Accepted);
const DELIVERED: Event = Event::Receipt(ReceiptStatus::Delivered, Evidence::Handset);
const BY_CARRIER: Event = Event::Receipt(ReceiptStatus::Delivered, Evidence::Carrier);
const WORTHLESS: Event = Event::Receipt(ReceiptStatus::Delivered, Evidence::None);
const FAILED: Event = Event::Receipt(ReceiptStatus::Undelivered, Evidence::None);
const EXPIRED: Event = Event::Receipt(ReceiptStatus::Expired, Evidence::None);
const UNKNOWN: Event = Event::Receipt(ReceiptStatus::Unknown, Evidence::None);
const MOVING: Event = Event::Receipt(ReceiptStatus::InTransit, Evidence::Carrier);

#[test]
fn every_order_of_a_history_ends_in_the_same_state_with_one_email_where_one_is_due() {
    use SmsState::{Accepted, Delivered, Undelivered, Unknown};
    let rulebook = rulebook();
    let overdue = Event::DueTimePassed;
    // Each history with the end for a single part and for several, and whether its facts make an email due.
    for (history, single, several) in [
        (vec![SUBMITTED, MOVING, MOVING], (Accepted, false), (Accepted, false)),
        (vec![SUBMITTED, MOVING, DELIVERED, overdue], (Delivered, false), (Delivered, false)),
        (vec![SUBMITTED, DELIVERED, DELIVERED, BY_CARRIER], (Delivered, false), (Delivered, false)),
        (vec![SUBMITTED, FAILED, DELIVERED], (Delivered, false), (Undelivered, true)),
        (vec![SUBMITTED, FAILED, DELIVERED, MOVING, overdue], (Delivered, false), (Undelivered, true)),
        (vec![SUBMITTED, DELIVERED, FAILED, DELIVERED, FAILED], (Delivered, false), (Undelivered, true)),
        (vec![SUBMITTED, EXPIRED, DELIVERED], (Delivered, false), (Undelivered, true)),
        (vec![SUBMITTED, UNKNOWN, DELIVERED], (Delivered, false), (Delivered, false)),
        (vec![SUBMITTED, UNKNOWN, FAILED, MOVING], (Undelivered, true), (Undelivered, true)),
        (vec![SUBMITTED, UNKNOWN, MOVING], (Unknown, true), (Unknown, true)),
        (vec![SUBMITTED, EXPIRED, FAILED, UNKNOWN, overdue], (Undelivered, true), (Undelivered, true)),
        (vec![SUBMITTED, MOVING, overdue], (Unknown, true), (Unknown, true)),
        (vec![SUBMITTED, WORTHLESS], (Accepted, false), (Accepted, false)),
        (vec![SUBMITTED, WORTHLESS, overdue], (Unknown, true), (Unknown, true)),
        (vec![SUBMITTED, WORTHLESS, FAILED], (Undelivered, true), (Undelivered, true)),
    ] {
        for (job, (state, is_due)) in [(to_japan(1), single), (to_japan(2), several)] {
            let mut ends = Vec::new();
            for order in permutations(&history) {
                let mut ledger = Ledger::new(&job, &rulebook);
                let end = ledger.tell(&order);
                assert_eq!((end.state, email_id(&end).is_some()), (state, is_due), "{order:?}");
                assert!(ledger.emails.len() <= 1, "{order:?}");
                assert!(!is_due || ledger.emails.len() == 1, "{order:?}");
                ends.push(end);
            }
            assert!(ends.windows(2).all(|two| two[0] == two[1]), "{history:?}");
        }
    }
}

#[test]
fn a_late_word_after_the_email_changes_the_record_and_asks_for_no_second_email() {
    let (job, rulebook) = (to_japan(1), rulebook());
    for first in [FAILED, EXPIRED, UNKNOWN, Event::DueTimePassed] {
        let mut ledger = Ledger::new(&job, &rulebook);
        ledger.tell(&[SUBMITTED, first]);
        assert_eq!(ledger.emails.len(), 1, "{first:?}");
        let end = ledger.tell(&[DELIVERED, FAILED, EXPIRED, UNKNOWN, MOVING, first]);
        assert_eq!((end.state, ledger.emails.len()), (SmsState::Delivered, 1), "{first:?}");
    }
}

#[test]
fn what_proves_to_have_been_sent_is_judged_by_its_receipts_in_any_order() {
    let rulebook = rulebook();
    for recorded in [
        RecordedState::Refused(FailureCode::RecipientRejected),
        RecordedState::Refused(FailureCode::ProviderUnavailable),
        RecordedState::Expired,
        RecordedState::InDoubt,
        RecordedState::Unknown(FailureCode::AnswerLost),
    ] {
        for (job, receipts, state) in [
            (to_japan(1), vec![DELIVERED, FAILED], SmsState::Delivered),
            (to_japan(2), vec![DELIVERED, FAILED], SmsState::Undelivered),
        ] {
            let history: Vec<Event> = [Event::Submitted(recorded)].into_iter().chain(receipts).collect();
            for order in permutations(&history) {
                let mut ledger = Ledger::new(&job, &rulebook);
                let end = ledger.tell(&order);
                assert_eq!(end.state, state, "{order:?}");
                // The worker goes on from the state that it wrote, and must come to the same end.
                let again = ledger.hear(SUBMITTED);
                assert_eq!(
                    (again.state, again.code, email_id(&again)),
                    (end.state, end.code, email_id(&end))
                );
            }
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let recorded = prop_oneof![
        4 => Just(RecordedState::Accepted),
        1 => Just(RecordedState::InDoubt),
        1 => Just(RecordedState::WithPerson),
        1 => Just(RecordedState::Expired),
        2 => select(FailureCode::ALL.to_vec()).prop_map(RecordedState::Refused),
        1 => Just(RecordedState::Unknown(FailureCode::AnswerLost)),
    ];
    let receipt = select(vec![DELIVERED, BY_CARRIER, WORTHLESS, FAILED, EXPIRED, UNKNOWN, MOVING]);
    let others = prop::collection::vec(prop_oneof![4 => receipt, 1 => Just(Event::DueTimePassed)], 0..7);
    (recorded, others)
        .prop_map(|(recorded, others)| [Event::Submitted(recorded)].into_iter().chain(others).collect())
}

fn jobs() -> impl Strategy<Value = SmsJob> {
    let number = select(vec!["+819012345678", "+84912345678", "+8613812345678"]);
    let text = select(vec!["Hello there.".to_owned(), "您的退款已经处理完毕。".to_owned(), "a".repeat(200)]);
    (number, text).prop_map(|(number, text)| {
        sms_job(json!({ "to": { "phone": { "number": number } }, "sms": { "text": text } }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_order_and_no_repetition_of_events_makes_two_emails_or_none_where_one_is_due(
        job in jobs(),
        (straight, shuffled) in events().prop_flat_map(|events| {
            let twice: Vec<Event> = events.iter().chain(events.iter().take(3)).copied().collect();
            (Just(events), Just(twice).prop_shuffle())
        }),
    ) {
        let rulebook = rulebook();
        let (mut one, mut other) = (Ledger::new(&job, &rulebook), Ledger::new(&job, &rulebook));
        let (end, other_end) = (one.tell(&straight), other.tell(&shuffled));
        prop_assert_eq!(&end, &other_end);
        for ledger in [&one, &other] {
            prop_assert!(ledger.emails.len() <= 1);
            prop_assert!(email_id(&end).is_none_or(|id| ledger.emails.contains(&id)));
        }
    }

    #[test]
    fn an_email_that_was_held_goes_out_once_after_the_release_if_it_is_still_due_and_never_else(
        job in jobs(),
        events in events(),
        holds in prop::collection::vec((0_usize..8, any::<bool>()), 1..5),
    ) {
        let rulebook = rulebook();
        let mut with_holds = events.clone();
        for (at, is_on) in holds {
            with_holds.insert(at.min(with_holds.len()), if is_on { Event::HoldOn } else { Event::HoldOff });
        }
        with_holds.push(Event::HoldOff);
        let (mut free, mut held) = (Ledger::new(&job, &rulebook), Ledger::new(&job, &rulebook));
        let (end, held_end) = (free.tell(&events), held.tell(&with_holds));
        prop_assert_eq!(&end, &held_end, "the hold delays and decides nothing");
        prop_assert!(held.emails.is_subset(&free.emails));
        prop_assert!(email_id(&end).is_none_or(|id| held.emails.contains(&id)));
    }

    #[test]
    fn who_was_reached_by_evidence_that_counts_before_any_failure_gets_no_email(
        before in prop::collection::vec(select(vec![MOVING, WORTHLESS]), 0..3),
        after in prop::collection::vec(select(vec![FAILED, EXPIRED, UNKNOWN, MOVING, Event::DueTimePassed]), 0..5),
        arrival in select(vec![DELIVERED, BY_CARRIER]),
    ) {
        let (job, rulebook) = (to_japan(1), rulebook());
        let mut ledger = Ledger::new(&job, &rulebook);
        let history: Vec<Event> = before.into_iter().chain([SUBMITTED, arrival]).chain(after).collect();
        ledger.tell(&history);
        prop_assert_eq!(ledger.emails.len(), 0);
    }

    #[test]
    fn a_failure_of_the_whole_provider_holds_and_makes_no_email_whatever_else_fails(
        job in jobs(),
        code in select(FailureCode::ALL.iter().copied().filter(|code| closure_policy::failure::fault(*code).hits_everyone()).collect::<Vec<_>>()),
        others in prop::collection::vec(select(vec![FAILED, EXPIRED, UNKNOWN, MOVING, Event::DueTimePassed]), 0..5),
    ) {
        let rulebook = rulebook();
        let mut ledger = Ledger::new(&job, &rulebook);
        let history: Vec<Event> = [Event::Submitted(RecordedState::Refused(code))].into_iter().chain(others).collect();
        let end = ledger.tell(&history);
        prop_assert_eq!((end.state, ledger.emails.len()), (SmsState::WithPerson, 0));
    }
}
