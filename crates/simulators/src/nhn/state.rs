//! What the gateway knows while it runs.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, UtcOffset, macros::offset};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    NhnSimSettings,
    behaviour::{AnswerPlan, SmsBehaviour},
    courier::Courier,
    messages::{Key, Messages, SentSms, SmsAnswer, SmsProgress},
    request::{Recipient, SendRequest},
    script::Pace,
};
use crate::{
    lock::locked,
    rules::{Rule, Rules, Tally},
    speed::Speed,
};

/// The gateway's dates are Korean wall-clock times.
pub(super) const KOREAN_TIME: UtcOffset = offset!(+9);

/// Whether receipts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptSwitch {
    /// Each message gets its receipts.
    On,
    /// No message gets a receipt.
    Off,
}

/// The credit that the behaviour `out_of_credit` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// Nothing is left.
    UsedUp,
    /// There is credit again.
    ToppedUp,
}

pub(super) struct NhnState {
    pub(super) settings: NhnSimSettings,
    pub(super) base_url: String,
    pub(super) courier: Courier,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) speed: Speed,
    requests: AtomicU64,
    switches: Mutex<Switches>,
    choices: Mutex<Choices>,
    pub(super) messages: Mutex<Messages>,
}

struct Switches {
    webhook_url: Option<String>,
    receipts: ReceiptSwitch,
    credit: Credit,
}

struct Choices {
    rules: Rules<SmsBehaviour>,
    tally: Tally,
}

/// What is to happen to one recipient of a request.
pub(super) struct Choice {
    pub(super) behaviour: SmsBehaviour,
    pub(super) plan: AnswerPlan,
}

/// The messages of one accepted request.
pub(super) struct Accepted {
    pub(super) request_id: String,
    /// The numbers of its messages in [`Messages`], in the order of the recipients.
    pub(super) numbers: Vec<u64>,
}

impl NhnState {
    pub(super) fn new(
        settings: NhnSimSettings,
        base_url: String,
        courier: Courier,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let switches = Switches {
            webhook_url: settings.webhook_url.clone(),
            receipts: settings.receipts,
            credit: settings.credit,
        };
        Self {
            base_url,
            courier,
            tasks,
            stop,
            speed: Speed::new(settings.requests_per_s_max),
            requests: AtomicU64::new(0),
            switches: Mutex::new(switches),
            choices: Mutex::new(Choices { rules: Rules::new(), tally: Tally::default() }),
            messages: Mutex::new(Messages::new(settings.messages_max)),
            settings,
        }
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn webhook_url(&self) -> Option<String> {
        locked(&self.switches).webhook_url.clone()
    }

    pub(super) fn set_webhook(&self, url: Option<String>) {
        locked(&self.switches).webhook_url = url;
    }

    pub(super) fn receipts(&self) -> ReceiptSwitch {
        locked(&self.switches).receipts
    }

    pub(super) fn set_receipts(&self, receipts: ReceiptSwitch) {
        locked(&self.switches).receipts = receipts;
    }

    pub(super) fn set_credit(&self, credit: Credit) {
        locked(&self.switches).credit = credit;
    }

    pub(super) fn add_rule(&self, rule: Rule<SmsBehaviour>) {
        locked(&self.choices).rules.add(rule);
    }

    pub(super) fn replace_rules(&self, rules: Vec<Rule<SmsBehaviour>>) {
        locked(&self.choices).rules.replace(rules);
    }

    pub(super) fn sent(&self) -> Vec<SentSms> {
        locked(&self.messages).iter().cloned().collect()
    }

    pub(super) fn sent_to(&self, digits: &str) -> Vec<SentSms> {
        locked(&self.messages).under(&Key::To(digits.to_owned())).cloned().collect()
    }

    pub(super) fn pace(&self) -> Pace {
        Pace { receipt_delay_ms: self.settings.receipt_delay_ms, late_ms: self.settings.late_ms }
    }

    /// Chooses what happens at this try for a recipient.
    pub(super) fn choose(&self, digits: &str) -> Choice {
        let credit = locked(&self.switches).credit;
        let mut choices = locked(&self.choices);
        let behaviour = choices.rules.choose(digits).unwrap_or_else(|| SmsBehaviour::by_suffix(digits));
        let plan = behaviour.answer(choices.tally.next(digits), credit);
        Choice { behaviour, plan }
    }

    /// Remembers a request that was taken.
    pub(super) fn accept(&self, request: &SendRequest, choices: &[Choice], answer: SmsAnswer) -> Accepted {
        let now = OffsetDateTime::now_utc();
        let request_id = new_request_id(now);
        let mut messages = locked(&self.messages);
        let mut numbers = Vec::with_capacity(choices.len());
        for (seq, (recipient, choice)) in (1..).zip(request.recipients.iter().zip(choices)) {
            let code = recipient_code(recipient, choice);
            let answer = if code == 0 { answer } else { SmsAnswer::Refused(code) };
            let mut record = record(request, recipient, choice.behaviour, now, answer);
            record.request_id = Some(request_id.clone());
            record.recipient_seq = seq;
            numbers.push(messages.add(record));
        }
        Accepted { request_id, numbers }
    }

    /// Remembers a request of which nothing was taken.
    pub(super) fn refuse(&self, request: &SendRequest, choices: &[Choice], answer: SmsAnswer) {
        let now = OffsetDateTime::now_utc();
        let mut messages = locked(&self.messages);
        for (seq, (recipient, choice)) in (1..).zip(request.recipients.iter().zip(choices)) {
            let mut record = record(request, recipient, choice.behaviour, now, answer);
            record.recipient_seq = seq;
            messages.add(record);
        }
    }
}

/// The result code of one recipient: what the checks say, then what was chosen.
pub(super) fn recipient_code(recipient: &Recipient, choice: &Choice) -> i32 {
    if recipient.verdict.number != 0 {
        return recipient.verdict.number;
    }
    choice.behaviour.recipient_code().number
}

fn record(
    request: &SendRequest,
    recipient: &Recipient,
    behaviour: SmsBehaviour,
    at: OffsetDateTime,
    answer: SmsAnswer,
) -> SentSms {
    SentSms {
        at,
        to: recipient.digits.clone(),
        recipient_no: recipient.recipient_no.clone(),
        country_code: recipient.country_code.clone(),
        text: request.text.clone(),
        title: request.title.clone(),
        send_no: request.send_no.clone(),
        sender_grouping_key: request.sender_grouping_key.clone(),
        recipient_grouping_key: recipient.grouping_key.clone(),
        behaviour,
        request_id: None,
        recipient_seq: 1,
        answer,
        progress: SmsProgress::processing(),
    }
}

/// A reference in the gateway's form: fourteen digits of Korean time and eleven letters or digits.
fn new_request_id(now: OffsetDateTime) -> String {
    let local = now.to_offset(KOREAN_TIME);
    let random = Uuid::new_v4().simple().to_string();
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{}",
        local.year(),
        u8::from(local.month()),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        random.get(..11).unwrap_or_default()
    )
}
