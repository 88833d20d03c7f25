//! The callbacks of a message: forms, signed with the account's auth token, brought as often as their address says.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use sha1::Sha1;
use tokio::time::Instant;

use super::{
    TwilioBehaviour,
    message::TwilioSms,
    overrides::{Fault, Overrides},
    server::TwilioState,
};
use crate::lock::locked;

/// Between two tries; Twilio's documents name no pause.
const RETRY_PAUSE: Duration = Duration::from_millis(300);

/// One callback: a status, its error, and whether the signature is right.
#[derive(Clone, Copy)]
struct Word {
    status: &'static str,
    error_code: Option<u32>,
    signature: Signature,
}

#[derive(Clone, Copy)]
enum Signature {
    Right,
    Wrong,
}

const fn word(status: &'static str) -> Word {
    Word { status, error_code: None, signature: Signature::Right }
}

const fn bad(status: &'static str, error_code: u32) -> Word {
    Word { status, error_code: Some(error_code), signature: Signature::Right }
}

/// What is said of an accepted message, in this order.
fn words(behaviour: TwilioBehaviour) -> &'static [Word] {
    use TwilioBehaviour as B;
    match behaviour {
        B::Delivered | B::AnswerLost | B::SlowAnswer | B::GarbageAnswer | B::ServerErrorAccepted => {
            const { &[word("sent"), word("delivered")] }
        }
        B::Undelivered => const { &[word("sent"), bad("undelivered", 30_003)] },
        B::Failed => const { &[bad("failed", 30_007)] },
        B::SentOnly => const { &[word("sent")] },
        B::OutOfOrder => const { &[word("delivered"), word("sent")] },
        B::ForgedThenDelivered => {
            const {
                &[
                    Word { status: "failed", error_code: Some(30_008), signature: Signature::Wrong },
                    word("delivered"),
                ]
            }
        }
        B::Silent
        | B::AnswerLostAndUnlisted
        | B::RequestLost
        | B::ServerError
        | B::TooManyRequests
        | B::OutOfCredit
        | B::RefusedRecipient => &[],
    }
}

/// Lets the callbacks of a message follow in their own time.
pub(super) fn follow(state: &Arc<TwilioState>, sms: &TwilioSms, behaviour: TwilioBehaviour) {
    let (state, sms) = (Arc::clone(state), sms.clone());
    let stop = state.stop.clone();
    state.tasks.clone().spawn(async move {
        let bring_all = async {
            for word in words(behaviour) {
                tokio::time::sleep(Duration::from_millis(state.settings.callback_delay_ms)).await;
                bring(&state, &sms, *word).await;
            }
        };
        tokio::select! {
            () = bring_all => {}
            () = stop.cancelled() => {}
        }
    });
}

/// Brings one callback, and forgets it after the tries that its address asks for.
async fn bring(state: &TwilioState, sms: &TwilioSms, word: Word) {
    let Some(address) = &sms.status_callback else { return };
    if let Signature::Right = word.signature {
        note(state, &sms.sid, word);
    }
    // What is wrong with the address is noticed only when it is called.
    let Some((address, overrides)) = Overrides::of(address) else {
        state.callbacks_forgotten.fetch_add(1, Ordering::AcqRel);
        return;
    };
    let fields = fields(state, sms, word);
    let key = match word.signature {
        Signature::Right => state.settings.auth_token.as_bytes(),
        Signature::Wrong => b"somebody else",
    };
    let signature = signature(key, address, &fields);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let deadline = Instant::now() + overrides.total;
    for attempt in 0..=overrides.retries_max {
        if attempt > 0 {
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let request = state
            .client
            .post(state.destination(address))
            .timeout((overrides.connect + overrides.read).min(left))
            .header("X-Twilio-Signature", &signature)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.clone());
        match fault(&request.send().await) {
            None => return,
            Some(fault) => {
                state.callback_tries_failed.fetch_add(1, Ordering::AcqRel);
                if !overrides.retries(fault) {
                    break;
                }
            }
        }
    }
    state.callbacks_forgotten.fetch_add(1, Ordering::AcqRel);
}

/// What went wrong with a try, if anything did.
fn fault(answer: &reqwest::Result<reqwest::Response>) -> Option<Fault> {
    match answer {
        Ok(answer) if answer.status().is_client_error() => Some(Fault::ClientError),
        Ok(answer) if answer.status().is_server_error() => Some(Fault::ServerError),
        Ok(_) => None,
        Err(problem) if problem.is_connect() => Some(Fault::NotConnected),
        Err(_) => Some(Fault::NoAnswer),
    }
}

/// The list says from now on what the callback says.
fn note(state: &TwilioState, sid: &str, word: Word) {
    if let Some(sms) = locked(&state.taken).iter_mut().find(|sms| sms.sid == sid) {
        word.status.clone_into(&mut sms.status);
        sms.error_code = word.error_code;
    }
}

fn fields(state: &TwilioState, sms: &TwilioSms, word: Word) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("SmsSid", sms.sid.clone()),
        ("SmsStatus", word.status.to_owned()),
        ("MessageStatus", word.status.to_owned()),
        ("To", sms.to.clone()),
        ("MessageSid", sms.sid.clone()),
        ("AccountSid", state.settings.account_sid.clone()),
        ("From", sms.from.clone().unwrap_or_default()),
        ("ApiVersion", "2010-04-01".to_owned()),
    ];
    fields.extend(word.error_code.map(|code| ("ErrorCode", code.to_string())));
    fields
}

/// HMAC-SHA1 of the address and of every field's name and value, in the order of the names.
fn signature(key: &[u8], address: &str, fields: &[(&'static str, String)]) -> String {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable();
    let mut mac: Hmac<Sha1> = KeyInit::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(address.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
