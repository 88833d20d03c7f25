//! The promises of the contract: old messages decode for ever, and bad ones are refused with their reason.

use closure_contract::{
    AttemptNumber, Cancel, CancelOutcome, Channel, ClientRef, DecodeError, FailureCode, Generation, Job,
    JobId, Language, Outcome, ReceiptMessage,
    job::{Phone, SmsBody},
    topology::{DelayStep, JOB_BYTES_MAX, bindings, exchanges, queues},
};

const SEPARATED: &str = include_str!("../fixtures/closure.sms.1-separated.json");

fn decoded(fixture: &str) -> Job {
    Job::decode(fixture.as_bytes()).expect("a fixture decodes for ever")
}

fn refused(body: &[u8]) -> DecodeError {
    Job::decode(body).expect_err("this body is refused")
}

#[test]
fn every_fixture_decodes_and_says_the_same_after_a_round_trip() {
    for fixture in [
        SEPARATED,
        include_str!("../fixtures/closure.sms.1-template.json"),
        include_str!("../fixtures/closure.sms.1-international.json"),
        include_str!("../fixtures/closure.email.1.json"),
        include_str!("../fixtures/closure.dial.1.json"),
    ] {
        let job = decoded(fixture);
        assert_eq!(Job::decode(&job.encode()).expect("what we write we can read"), job);
    }
    let cancel =
        Cancel::decode(include_bytes!("../fixtures/closure.cancel.1.json")).expect("a fixture decodes");
    assert_eq!(Cancel::decode(&cancel.encode()).expect("what we write we can read"), cancel);
    let outcome = include_str!("../fixtures/closure.outcome.1.json").as_bytes();
    let outcome = Outcome::decode(outcome).expect("a fixture decodes for ever");
    assert_eq!(Outcome::decode(&outcome.encode()).expect("what we write we can read"), outcome);
    let answer = include_bytes!("../fixtures/closure.cancel-outcome.1.json");
    let answer = CancelOutcome::decode(answer).expect("a fixture decodes for ever");
    assert_eq!(CancelOutcome::decode(&answer.encode()).expect("what we write we can read"), answer);
    for fixture in [
        include_str!("../fixtures/closure.receipt.1.json"),
        include_str!("../fixtures/closure.submission.1.json"),
    ] {
        let message = ReceiptMessage::decode(fixture.as_bytes()).expect("a fixture decodes for ever");
        assert_eq!(ReceiptMessage::decode(&message.encode()).expect("what we write we can read"), message);
    }
}

#[test]
fn a_phone_keeps_the_form_in_which_it_came() {
    let Job::Sms(separated) = decoded(SEPARATED) else { panic!("an SMS job") };
    assert!(matches!(separated.to.phone, Phone::Separated { country_code, .. } if country_code == "84"));
    let Job::Sms(template) = decoded(include_str!("../fixtures/closure.sms.1-template.json")) else {
        panic!("an SMS job")
    };
    assert!(matches!(template.to.phone, Phone::Whole { country_hint: Some(hint), .. } if hint == "84"));
    assert!(
        matches!(template.sms.body, SmsBody::Template { template, .. } if template == "vn-answer-by-email")
    );
    assert_eq!(template.consultation.revision, 1, "a missing revision is the first");
}

#[test]
fn bytes_that_are_no_json_are_refused_with_their_place() {
    let error = refused(b"\xff\xfe closure");
    assert_eq!(error.code(), FailureCode::UnreadableBody);
    assert!(error.to_string().contains("line 1"), "{error}");
    assert_eq!(refused(b"").code(), FailureCode::UnreadableBody);
    assert_eq!(refused(&SEPARATED.as_bytes()[..200]).code(), FailureCode::UnreadableBody);
    assert_eq!(refused(format!("{SEPARATED} and more").as_bytes()).code(), FailureCode::UnreadableBody);
}

#[test]
fn a_deeply_nested_body_is_refused_and_overflows_no_stack() {
    let deep = format!("{{\"kind\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(refused(deep.as_bytes()).code(), FailureCode::UnreadableBody);
}

#[test]
fn an_unknown_kind_and_a_newer_version_are_told_apart() {
    assert_eq!(refused(br#"{"kind":"closure.fax/1"}"#).code(), FailureCode::UnknownKind);
    assert_eq!(refused(br#"{"job_id":1}"#).code(), FailureCode::UnknownKind);
    assert_eq!(refused(br#"{"kind":7}"#).code(), FailureCode::UnknownKind);
    let newer = refused(br#"{"kind":"closure.sms/2"}"#);
    assert_eq!(newer.code(), FailureCode::UnsupportedVersion);
    assert!(newer.to_string().contains("closure.sms/2"), "{newer}");
}

#[test]
fn a_wrong_field_is_named_and_its_value_is_not_repeated() {
    let wrong = SEPARATED.replace("\"912345678\"", "{\"secret\":\"912345678\"}");
    let error = refused(wrong.as_bytes());
    assert_eq!(error.code(), FailureCode::WrongShape);
    assert!(error.to_string().contains("national_number"), "{error}");
    let wrong = SEPARATED.replace("\"overseas\"", "\"+84912345678\"");
    let error = refused(wrong.as_bytes());
    assert!(error.to_string().contains("scope"), "{error}");
    assert!(!error.to_string().contains("912345678"), "{error}");
    let missing = SEPARATED.replace("\"agent\"", "\"agnet\"");
    assert!(refused(missing.as_bytes()).to_string().contains("agent"));
}

#[test]
fn a_phone_in_two_forms_at_once_is_refused() {
    let both = SEPARATED
        .replace("\"country_code\": \"84\"", "\"country_code\": \"84\", \"number\": \"+84912345678\"");
    let error = refused(both.as_bytes());
    assert_eq!(error.code(), FailureCode::WrongShape);
    assert!(
        error.to_string().contains("`to.phone`") && error.to_string().contains("number alone"),
        "{error}"
    );
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_parsed() {
    let large = vec![b'x'; JOB_BYTES_MAX + 1];
    assert_eq!(refused(&large), DecodeError::TooLarge { bytes: JOB_BYTES_MAX + 1 });
}

#[test]
fn the_fallback_email_of_a_job_always_has_the_same_id() {
    let job: JobId = "8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01".parse().expect("a UUID");
    assert_eq!(job.fallback_email(), job.fallback_email());
    assert_ne!(job.fallback_email(), job);
    assert_eq!(job.fallback_email().to_string(), "7b7718de-2eda-50f9-b4cf-b5c428e53e06");
}

#[test]
fn debug_output_shows_no_recipient_and_no_text() {
    let printed = format!("{:?}", decoded(SEPARATED));
    for secret in ["912345678", "minh@example.com", "refund"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn every_queue_is_bound_and_every_named_exchange_exists() {
    let names: Vec<_> = exchanges().into_iter().map(|exchange| exchange.name).collect();
    for queue in queues() {
        assert!(bindings().iter().any(|binding| binding.queue == queue.name), "{} is bound", queue.name);
        if let Some(exchange) = queue.dead_letter_exchange {
            assert!(names.contains(&exchange), "{exchange} exists");
        }
    }
    for binding in bindings() {
        assert!(names.contains(&binding.exchange), "{} exists", binding.exchange);
    }
    for exchange in exchanges() {
        if let Some(alternate) = exchange.alternate {
            assert!(names.contains(&alternate), "{alternate} exists");
        }
    }
}

#[test]
fn a_delay_step_never_overshoots_the_wait_it_is_chosen_for() {
    assert_eq!(DelayStep::within(0), DelayStep::Seconds1);
    assert_eq!(DelayStep::within(29_999), DelayStep::Seconds5);
    assert_eq!(DelayStep::within(30_000), DelayStep::Seconds30);
    assert_eq!(DelayStep::within(u64::MAX), DelayStep::Hours1);
    for step in DelayStep::ALL {
        assert_eq!(step.as_str().parse(), Ok(step));
    }
}

#[test]
fn every_failure_code_reads_back_and_says_what_to_do() {
    for code in FailureCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert_eq!(serde_json::to_value(code).expect("a code is a string"), code.as_str());
        assert!(!code.what().is_empty() && !code.remedy().is_empty(), "{code}");
    }
}

/// The polite forms in which a contact centre's programs speak, 합니다 and 하십시오.
#[test]
fn every_failure_code_is_told_in_korean_in_one_and_the_same_politeness() {
    for code in FailureCode::ALL {
        let texts = [
            code.what_in(Language::Korean),
            code.remedy_in(Language::Korean),
            code.remedy_of_draft_in(Language::Korean),
        ];
        for text in texts {
            assert!(text.chars().any(|one| ('가'..='힣').contains(&one)), "{code}: {text}");
            for sentence in text.split(". ") {
                assert!(sentence.ends_with("니다") || sentence.ends_with("십시오"), "{code}: {sentence}");
            }
        }
        assert!(code.what_in(Language::Korean).ends_with("니다"), "{code} says what is wrong");
        assert_eq!(code.what_in(Language::English), code.what());
        assert_eq!(code.remedy_in(Language::English), code.remedy());
    }
}

/// Whoever asks before publishing has nothing to replay and nothing that was published.
#[test]
fn no_remedy_for_a_draft_speaks_of_a_replay() {
    // What explain never says: an end, or a message that the broker has.
    let of_the_published = |code: &FailureCode| {
        let (english, korean) = (code.remedy(), code.remedy_in(Language::Korean));
        (english == code.remedy_of_draft()) != (korean == code.remedy_of_draft_in(Language::Korean))
    };
    let differ: Vec<_> = FailureCode::ALL.iter().filter(|code| of_the_published(code)).collect();
    assert_eq!(
        differ,
        Vec::<&FailureCode>::new(),
        "both languages have words of their own for a draft, or neither"
    );
    for code in DRAFT_CODES {
        assert!(!code.remedy_of_draft().contains("replay"), "{code}");
        assert!(!code.remedy_of_draft_in(Language::Korean).contains("재처리"), "{code}");
    }
}

/// What the rules say of a job that nobody has published, by the channel's rules and by what stands beside it.
const DRAFT_CODES: [FailureCode; 30] = [
    FailureCode::UnreadableBody,
    FailureCode::BodyTooLarge,
    FailureCode::UnknownKind,
    FailureCode::UnsupportedVersion,
    FailureCode::WrongShape,
    FailureCode::WrongQueue,
    FailureCode::ScopeMismatch,
    FailureCode::AmbiguousNumber,
    FailureCode::InvalidNumber,
    FailureCode::CountryContradiction,
    FailureCode::NumberNotAllowed,
    FailureCode::BodyTooLong,
    FailureCode::BodyEmpty,
    FailureCode::ForbiddenCharacters,
    FailureCode::AttachmentNotSupported,
    FailureCode::SenderNotAllowed,
    FailureCode::TemplateMismatch,
    FailureCode::TemplateUnknown,
    FailureCode::TemplateVariables,
    FailureCode::SubjectNotEnglish,
    FailureCode::SubjectInvalid,
    FailureCode::NoEmailAddress,
    FailureCode::InvalidEmailAddress,
    FailureCode::CountryNotAllowed,
    FailureCode::QuietHours,
    FailureCode::Expired,
    FailureCode::NeverInTime,
    FailureCode::NotBeforeTooFar,
    FailureCode::ClickInFuture,
    FailureCode::StaleClick,
];

/// Every place of a job, and values of every type that JSON has.
#[test]
fn what_is_wrong_with_a_field_is_said_without_a_type_of_this_program() {
    let whole: serde_json::Value = serde_json::from_str(SEPARATED).expect("a fixture is JSON");
    let mut places = vec![String::new()];
    let mut at = 0;
    while let Some(place) = places.get(at).cloned() {
        at += 1;
        let found = whole.pointer(&place).expect("it is a place of the document");
        places.extend(found.as_object().into_iter().flatten().map(|(key, _)| format!("{place}/{key}")));
    }
    places.extend(
        ["/not_before", "/expires_at", "/fallback", "/sms/variables", "/sms/attachments"].map(str::to_owned),
    );
    let values = [
        serde_json::json!(null),
        serde_json::json!(true),
        serde_json::json!(-1),
        serde_json::json!(1.5),
        serde_json::json!(99_999_999_999_u64),
        serde_json::json!("secret text"),
        serde_json::json!([]),
        serde_json::json!(["secret text"]),
        serde_json::json!({}),
        serde_json::json!({ "name": 1 }),
    ];
    let mut refused = 0;
    for place in &places {
        for value in &values {
            let mut job = whole.clone();
            let (parent, key) = place.rsplit_once('/').unwrap_or(("", ""));
            match job.pointer_mut(parent).and_then(serde_json::Value::as_object_mut) {
                Some(object) if !key.is_empty() => drop(object.insert(key.to_owned(), value.clone())),
                _ => job = value.clone(),
            }
            let Err(problem) = Job::decode(job.to_string().as_bytes()) else { continue };
            let said = problem.to_string();
            for type_name in [
                "struct",
                "u32",
                "u64",
                "i64",
                "f64",
                "usize",
                "OffsetDateTime",
                "a map",
                "a sequence",
                "enum",
                "variant",
                "Fields",
                "Envelope",
                "Option",
                "tuple",
                "unit",
                "::",
                "secret",
                "99999999999",
            ] {
                assert!(!said.contains(type_name), "{place} = {value}: `{type_name}` in: {said}");
            }
            refused += 1;
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}

#[test]
fn what_is_told_of_a_message_that_is_no_edition_has_an_id_for_each_thing_that_can_differ_and_one_for_its_repeats()
 {
    let job: JobId = "0198c0de-0000-7000-8000-00000000abcd".parse().expect("a UUID");
    let mut ids = std::collections::BTreeSet::new();
    let mut told = 0;
    for letter in [(7, 1), (7, 2), (8, 1), (71, 1)] {
        for generation in [Generation(1), Generation(2), Generation(12)] {
            for channel in Channel::ALL {
                for code in [FailureCode::WrongQueue, FailureCode::Unroutable, FailureCode::JobIdConflict] {
                    let id = Outcome::id_of_letter(job, letter, generation, channel, code);
                    assert_eq!(id, Outcome::id_of_letter(job, letter, generation, channel, code));
                    ids.insert(id);
                    told += 1;
                }
            }
        }
    }
    assert_eq!(ids.len(), told);
}

#[test]
fn the_references_of_attempts_rise_with_the_ids_of_their_jobs_and_differ_in_everything_else() {
    let ids = ["0198c0de-0000-7000-8000-00000000abcd", "0198c0de-0001-7000-8000-000000000001"];
    let jobs = ids.map(|id| id.parse::<JobId>().expect("a UUID"));
    let mut names = Vec::new();
    for job in jobs {
        for generation in [Generation(1), Generation(2), Generation(12)] {
            for attempt in [1, 2, 22].map(AttemptNumber) {
                let name = ClientRef::of(job, generation, attempt);
                assert_eq!(name, ClientRef::of(job, generation, attempt), "it is derived");
                assert_eq!(
                    (name.0.get_version_num(), name.0.as_bytes()[..6] == job.0.as_bytes()[..6]),
                    (8, true)
                );
                names.push(name);
            }
        }
    }
    let (earlier, later) = names.split_at(names.len() / 2);
    assert!(earlier.iter().max() < later.iter().min(), "{names:?}");
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
}
