//! What explain said of a job, held against what the workers did with it.

use std::collections::HashMap;

use closure_contract::{Outcome, OutcomeName, Timestamp};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::observe::{Seen, text};

/// One job, what explain said of it, and everything that was seen.
pub(super) struct Case<'a> {
    pub(super) job: &'a Value,
    pub(super) answer: &'a Value,
    /// When explain had answered the last job of the wave.
    pub(super) explained_at: Timestamp,
    pub(super) seen: &'a Seen,
}

/// Whether the two agree, or how they do not.
type Agreement = Result<(), String>;

impl Case<'_> {
    /// Compares everything.
    pub(super) fn compare(&self) -> Agreement {
        let id = text(self.job, "job_id");
        if self.answer["error"].is_object() {
            return self.is_unreadable(&id);
        }
        same("the job's id", &text(self.answer, "job_id"), &id)?;
        let delivery = self.seen.deliveries.get(&id).ok_or("the workers know nothing of it")?;
        self.rules(delivery)?;
        match self.answer["verdict"].as_str() {
            Some("send") => self.was_tried(&id, delivery)?,
            Some("postpone") => self.waited(&id, delivery)?,
            Some("reject") => self.was_refused(&id, delivery)?,
            Some("hold") => self.was_held(&id, delivery)?,
            other => return Err(format!("{other:?} is no verdict")),
        }
        if delivery["channel"] == "sms" { self.fallback(&id, delivery) } else { Ok(()) }
    }

    fn is_unreadable(&self, id: &str) -> Agreement {
        if self.seen.deliveries.contains_key(id) {
            return Err("explain could not read it, and the workers have a delivery".to_owned());
        }
        let letters = self.seen.letters.get(id).cloned().unwrap_or_default();
        same("the letters", &letters, &vec![text(&self.answer["error"], "code")])
    }

    /// The delivery's rules begin with explain's; what came of the message adds its own behind them.
    fn rules(&self, delivery: &Value) -> Agreement {
        let rules = |value: &Value| {
            let mut rules = value["rules"].as_array().cloned().unwrap_or_default();
            // How much of a cap is used is the one fact that the other jobs of a wave change meanwhile.
            rules.iter_mut().filter(|rule| rule["id"] == "B5").for_each(|rule| rule["detail"] = Value::Null);
            rules
        };
        let mut said = rules(self.answer);
        said.retain(|rule| rule["effect"] != "postpone");
        let mut recorded = rules(delivery);
        recorded.truncate(said.len());
        same("the rules", &recorded, &said)
    }

    fn waited(&self, id: &str, delivery: &Value) -> Agreement {
        let not_before = moment(&self.job["not_before"])?;
        same("postpone_until", &moment(&self.answer["postpone_until"])?, &not_before)?;
        if moment(&delivery["tried_at"])? < not_before {
            return Err(format!("it was tried before {}", Timestamp(not_before)));
        }
        self.was_tried(id, delivery)
    }

    fn was_tried(&self, id: &str, delivery: &Value) -> Agreement {
        let early = self.answer["verdict"] == "send"
            && moment(&self.job["not_before"]).is_ok_and(|not_before| not_before > self.explained_at.0);
        if early {
            return Err("its time has not come, and explain says that it is sent".to_owned());
        }
        // Two jobs may want the same agent at once, and nothing is tried for the second.
        if delivery["code"] == "agent_call_open" {
            return self.was_not_sent(id, delivery);
        }
        if delivery["attempts"].as_u64() < Some(1) {
            return Err(format!("it was never tried; it is {}", delivery["state"]));
        }
        let reference = text(delivery, "client_ref");
        match delivery["channel"].as_str() {
            Some("sms") => self.text_was_sent(&reference),
            Some("dial") => self.was_dialled(&reference, delivery),
            _ if delivery["code"] == "mailbox_refused" => same("mails", &self.seen.mails_of(id), &0),
            _ => same("mails", &self.seen.mails_of(id), &1),
        }
    }

    fn text_was_sent(&self, reference: &str) -> Agreement {
        let [sent] = self.seen.texts.get(reference).map(Vec::as_slice).unwrap_or_default() else {
            return Err("the gateway was not asked exactly once".to_owned());
        };
        let said = |field: &str| text(&self.answer["sms"], field);
        let overseas = self.job["scope"] == "overseas";
        same("the number", &format!("+{}", sent.to), &text(&self.answer["phone"], "e164"))?;
        if let (true, Some(bytes)) = (overseas, self.answer["sms"]["bytes"].as_u64()) {
            same("the bytes", &(sent.text.len() as u64), &bytes)?;
        }
        let sender = said("sender");
        let national = sender.strip_prefix("+82").map_or_else(|| sender.clone(), |rest| format!("0{rest}"));
        same("the sender", &sent.send_no, &national)?;
        let untouched = self.answer["sms"]["replacements"].as_array().is_some_and(Vec::is_empty);
        match self.job["sms"]["text"].as_str() {
            Some(text) if untouched && text.is_ascii() && !text.contains('\r') => {
                same("the text", &sent.text, &text.to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The customer's phone rings only once the agent has answered, and then at the string that explain gave.
    fn was_dialled(&self, reference: &str, delivery: &Value) -> Agreement {
        let dialled = self.seen.calls.get(reference).cloned().unwrap_or_default();
        let said = text(self.answer, "dial_string");
        // An agent's phone may be busy, or ring until the click is stale.
        let code = text(delivery, "code");
        let no_agent = code.starts_with("agent_") || code == "stale_click";
        match dialled.as_slice() {
            [] if no_agent || said.ends_with("0197") => Ok(()),
            [digits] => same("the dial string", digits, &said),
            other => Err(format!("the customer's phone rang {} times", other.len())),
        }
    }

    fn was_refused(&self, id: &str, delivery: &Value) -> Agreement {
        self.was_not_sent(id, delivery)?;
        let code = text(self.answer, "code");
        let state = if code == "expired" { "expired" } else { "refused" };
        same("the state", &told_once(&self.seen.outcomes, id)?, &state.to_owned())?;
        same("the delivery's code", &text(delivery, "code"), &code)
    }

    fn was_held(&self, id: &str, delivery: &Value) -> Agreement {
        self.was_not_sent(id, delivery)?;
        let code = text(self.answer, "code");
        same("the outcome", &told_once(&self.seen.outcomes, id)?, &"dead".to_owned())?;
        let letters = self.seen.letters.get(id).cloned().unwrap_or_default();
        same("the letters", &letters, &vec![code])
    }

    fn was_not_sent(&self, id: &str, delivery: &Value) -> Agreement {
        same("the tries", &delivery["attempts"].as_u64(), &Some(0))?;
        let reference = text(delivery, "client_ref");
        let out = self.seen.texts.contains_key(&reference)
            || self.seen.calls.contains_key(&reference)
            || self.seen.mails_of(id) > 0;
        if out { Err("the outside world has heard of it".to_owned()) } else { Ok(()) }
    }

    /// R14a to R14d: always means that there is an email, on_failure that there is one exactly where the text failed.
    fn fallback(&self, id: &str, delivery: &Value) -> Agreement {
        let email = self.seen.deliveries.get(&text(delivery, "fallback"));
        let mut failed = false;
        for name in told(&self.seen.outcomes, id)? {
            // The email that a failure brought about stays, whatever the gateway says of the text afterwards.
            failed |= match name {
                OutcomeName::Undelivered | OutcomeName::Unknown | OutcomeName::Refused => true,
                OutcomeName::Delivered | OutcomeName::Expired | OutcomeName::Dead => false,
                other => return Err(format!("{other:?} is no end of a text message")),
            };
        }
        match (self.answer["fallback"]["email"].as_str(), email) {
            (Some("always"), Some(email)) => answers(email),
            (Some("on_failure"), Some(email)) if failed => answers(email),
            (Some("on_failure"), None) if !failed => Ok(()),
            (Some("none"), None) => Ok(()),
            // R14d: it waits for a person who knows an address.
            (Some("none"), Some(email)) if email["state"] == "dead" => {
                let code = text(email, "code");
                let letters = ["no_email_address", "invalid_email_address"];
                if letters.contains(&code.as_str()) {
                    Ok(())
                } else {
                    Err(format!("an email that died of {code}"))
                }
            }
            (said, email) => Err(format!(
                "the fallback is {said:?}, the text message {}, and the email {}",
                if failed { "failed" } else { "did not fail" },
                email.map_or_else(|| "does not exist".to_owned(), |email| format!("is {}", email["state"]))
            )),
        }
    }
}

/// A fallback email went to the mail server, which may know nobody of that name.
fn answers(email: &Value) -> Agreement {
    match (email["state"].as_str(), email["code"].as_str()) {
        (Some("accepted"), _) | (Some("dead"), Some("mailbox_refused" | "body_empty")) => Ok(()),
        (state, code) => Err(format!("the email is {state:?} {code:?}")),
    }
}

/// What the CRM heard, word by word: one, or further ones that each take back the one before, as where a gateway
/// says at first that a text failed.
fn told(outcomes: &HashMap<String, Vec<Outcome>>, id: &str) -> Result<Vec<OutcomeName>, String> {
    let mut words: Vec<&Outcome> = outcomes.get(id).into_iter().flatten().collect();
    words.sort_by_key(|word| word.word);
    let names = words.iter().map(|word| word.outcome).collect::<Vec<_>>();
    let corrected: Vec<Option<Uuid>> = words.iter().map(|word| word.corrects).collect();
    let before = words.iter().map(|word| Some(word.outcome_id));
    let expected: Vec<Option<Uuid>> = [None].into_iter().chain(before).take(words.len()).collect();
    match names.as_slice() {
        [] => Err("the CRM heard no outcome".to_owned()),
        _ if corrected != expected => Err(format!("the CRM heard {names:?}, and not one as the end of it")),
        _ => Ok(names),
    }
}

/// The end of a job that never was tried: the one word about it.
fn told_once(outcomes: &HashMap<String, Vec<Outcome>>, id: &str) -> Result<String, String> {
    match told(outcomes, id)?.as_slice() {
        [name] => Ok(name.as_str().to_owned()),
        names => Err(format!("the CRM heard {names:?}")),
    }
}

fn moment(value: &Value) -> Result<OffsetDateTime, String> {
    let text = value.as_str().ok_or("there is no time")?;
    OffsetDateTime::parse(text, &Rfc3339).map_err(|problem| format!("{text}: {problem}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, done: &T, said: &T) -> Agreement {
    if done == said {
        Ok(())
    } else {
        Err(format!("{what}: the workers have {done:?}, explain says {said:?}"))
    }
}
