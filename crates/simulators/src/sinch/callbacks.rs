//! The callbacks of a message: JSON, signed, and brought again where they were not taken.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{SinchBehaviour, batch::SinchSms, server::SinchState};
use crate::lock::locked;

/// A callback is brought so often; Sinch itself tries for 23 hours.
const TRIES_MAX: u32 = 100;
/// Between two tries; Sinch itself begins with five seconds.
const RETRY_PAUSE: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_secs(5);

/// One callback: a status, its code, and whether the signature is right.
#[derive(Clone, Copy)]
struct Word {
    status: &'static str,
    code: u16,
    signature: Signature,
}

#[derive(Clone, Copy)]
enum Signature {
    Right,
    Wrong,
}

const fn word(status: &'static str, code: u16) -> Word {
    Word { status, code, signature: Signature::Right }
}

/// What is said of an accepted message, in this order.
fn words(behaviour: SinchBehaviour) -> &'static [Word] {
    use SinchBehaviour as B;
    const DISPATCHED: Word = word("Dispatched", 401);
    const DELIVERED: Word = word("Delivered", 0);
    match behaviour {
        B::Delivered
        | B::AnswerLost
        | B::AnswerLostAndLateInTheList
        | B::SlowAnswer
        | B::GarbageAnswer
        | B::ServerErrorAccepted => const { &[word("Queued", 400), DISPATCHED, DELIVERED] },
        B::Failed => const { &[DISPATCHED, word("Failed", 153)] },
        B::Aborted => const { &[word("Aborted", 413)] },
        B::Expired => const { &[word("Expired", 406)] },
        B::Unknown => const { &[DISPATCHED, word("Unknown", 0)] },
        B::OutOfOrder => const { &[DELIVERED, DISPATCHED] },
        B::ForgedThenDelivered => {
            const { &[Word { status: "Failed", code: 150, signature: Signature::Wrong }, DELIVERED] }
        }
        B::Silent | B::RequestLost | B::ServerError | B::TooManyRequests | B::OutOfCredit => &[],
    }
}

/// Lets the callbacks of a message follow in their own time.
pub(super) fn follow(state: &Arc<SinchState>, sms: &SinchSms, behaviour: SinchBehaviour) {
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

/// Brings one callback; what is refused is not brought again, and what was not taken is.
async fn bring(state: &SinchState, sms: &SinchSms, word: Word) {
    let now = OffsetDateTime::now_utc();
    let key = match word.signature {
        Signature::Right => {
            note(state, &sms.id, word);
            state.settings.webhook_secret.as_bytes()
        }
        Signature::Wrong => b"somebody else",
    };
    let Some(asked_for) = &sms.callback_url else { return };
    let body = sms.report(word.status, word.code, now).to_string();
    let (nonce, time) = (Uuid::new_v4().simple().to_string(), now.unix_timestamp().to_string());
    let signature = signature(key, &format!("{body}.{nonce}.{time}"));
    for attempt in 0..TRIES_MAX {
        if attempt > 0 {
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        let url = locked(&state.webhook_url).clone().unwrap_or_else(|| asked_for.clone());
        let request = state
            .client
            .post(url)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .header("x-sinch-webhook-signature", &signature)
            .header("x-sinch-webhook-signature-algorithm", "HmacSHA256")
            .header("x-sinch-webhook-signature-nonce", &nonce)
            .header("x-sinch-webhook-signature-timestamp", &time)
            .body(body.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) if answer.status().is_client_error() && answer.status().as_u16() != 429 => return,
            Ok(_) | Err(_) => {}
        }
    }
}

/// The report says from now on what the callback says.
fn note(state: &SinchState, id: &str, word: Word) {
    if let Some(sms) = locked(&state.taken).iter_mut().find(|sms| sms.id == id) {
        word.status.clone_into(&mut sms.status);
        sms.code = word.code;
    }
}

fn signature(key: &[u8], signed: &str) -> String {
    let mut mac: Hmac<Sha256> = KeyInit::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
