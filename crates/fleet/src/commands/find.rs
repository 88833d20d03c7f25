//! `fleet find`: a customer's deliveries among millions, by one anchor that an index answers.

use std::str::FromStr;

use closure_contract::{
    Channel, ConsultationId, FailureCode, JobId, Timestamp, facts::recipients::Recipient,
};
use closure_policy::{finding, mask};
use closure_store::{
    DeliveryState, FoundDelivery, FoundPage, PageEnd, Planning, Search, SearchAnchor, Store, StoreError,
    StoreSettings, Subject,
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Failure, Invocation, printed::FoundJobs, show_as, suppress};
use crate::{
    cli::{ChannelName, Find},
    config,
    desk::{self, Act, Desk},
    output,
};

/// A search that takes longer than this asks for more than it should; it must not stand in a worker's way.
const SEARCH_MS_MAX: u64 = 3_000;
/// The server's code of a statement that it ended for its time.
const STATEMENT_TIMEOUT: &str = "SQLSTATE 57014";
/// What a country has is looked for within so many days, where nobody says since when.
const COUNTRY_DAYS: i64 = 31;

/// Prints one page of what was found; exits 65 where the search names no anchor.
pub async fn run(invocation: &Invocation, find: &Find) -> Result<(), Failure> {
    let settings = config::load(invocation.config.as_ref(), config::database)?;
    let has_keys = !settings.hash_keys.is_empty();
    let search = search(find)?;
    if matches!(search.anchor, SearchAnchor::Recipient(_)) && !has_keys {
        return Err(Failure::Refused(
            "nobody is found by a number or an address, because recipients.hash_keys is not set; look by --tail, \
             --consultation or --country, or set it as the workers have it"
                .to_owned(),
        ));
    }
    let desk = Desk::open(Store::new(searching(settings, SEARCH_MS_MAX))?, &invocation.who).await?;
    // What is asked about one customer is on record with whose data it was; what is asked about many names nobody.
    let store = match &search.anchor {
        SearchAnchor::Recipient(recipient) => {
            let whose = Subject { hash: desk.store().whose(recipient), ..desk::subject("recipient", "one") };
            desk.note(Act::FindJobs, whose, None).await?;
            desk.store()
        }
        SearchAnchor::Consultation(_)
        | SearchAnchor::Tail(_)
        | SearchAnchor::Country(_)
        | SearchAnchor::InDoubt => desk.look(Act::FindJobs, desk::subject("jobs", "many")).await?,
    };
    let page = store.find(&search).await.map_err(too_wide)?;
    let shown = FoundJobs::of(page, notes);
    show_as(invocation.style, &shown, text);
    Ok(())
}

/// The database as a person asks it: with plans for the tables as they are, and not for long.
pub(super) fn searching(settings: StoreSettings, statement_timeout_ms: u64) -> StoreSettings {
    StoreSettings { planning: Planning::Free, statement_timeout_ms, pool_size: 1, ..settings }
}

/// A search that the server ended because it took too long is the asker's to narrow, and no outage.
pub(super) fn too_wide(problem: StoreError) -> Failure {
    match problem {
        StoreError::Unavailable(said) if said.contains(STATEMENT_TIMEOUT) => Failure::Refused(
            "it took too long and was ended, so that it stands in no worker's way: name a shorter time by --since and \
             --until, or more of what you look for; `fleet doctor` says whether an index is missing"
                .to_owned(),
        ),
        problem => problem.into(),
    }
}

/// What a search cannot see.
fn notes(page: &FoundPage) -> Vec<String> {
    let mut notes = Vec::new();
    if !page.lost_keys.is_empty() {
        let lost: Vec<String> = page.lost_keys.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "recipients that key {} hashed are not found by number or address: recipients.hash_keys lacks it",
            lost.join(", ")
        ));
    }
    if !page.is_backfilled {
        notes.push(
            "rows of earlier releases are found by job and consultation alone until `fleet backfill` has ended"
                .to_owned(),
        );
    }
    notes
}

fn search(find: &Find) -> Result<Search, Failure> {
    let consultation = find
        .consultation
        .clone()
        .map(|id| ConsultationId::try_from(id).map_err(|problem| Failure::Input(problem.to_string())))
        .transpose()?;
    let tail = find.tail.as_deref().map(tail).transpose()?;
    let since = find.since.as_deref().map(moment).transpose()?;
    let until = find.until.as_deref().map(moment).transpose()?;
    let recipient: Option<Recipient> = find.recipient.as_deref().map(suppress::recipient).transpose()?;
    let (anchor, since) = match (recipient, consultation, &tail, find.country) {
        (Some(recipient), _, _, _) => (SearchAnchor::Recipient(recipient), since),
        (None, Some(consultation), _, _) => (SearchAnchor::Consultation(consultation), since),
        (None, None, Some(tail), _) => (SearchAnchor::Tail(tail.clone()), since),
        (None, None, None, Some(country)) => {
            let latest = until.map_or_else(OffsetDateTime::now_utc, |until| until.0);
            let month = Timestamp(latest.saturating_sub(Duration::days(COUNTRY_DAYS)));
            (SearchAnchor::Country(country), Some(since.unwrap_or(month)))
        }
        (None, None, None, None) if find.state.as_deref() == Some(DeliveryState::InDoubt.as_str()) => {
            (SearchAnchor::InDoubt, since)
        }
        (None, None, None, None) => {
            return Err(Failure::Input(
                "among millions a search begins at a number, an address, --tail, --consultation, --country or --state in_doubt; name one of \
                 them, and narrow it with the others (a job by its id is `fleet show`, what waits for a person `fleet dead \
                 list`, counts are `fleet history`)"
                    .to_owned(),
            ));
        }
    };
    Ok(Search {
        tail,
        country_code: find.country,
        channel: find.channel.map(ChannelName::channel),
        agent_id: find.agent.clone(),
        template: find.template.clone(),
        state: find.state.as_deref().map(state).transpose()?,
        code: find.code.as_deref().map(code).transpose()?,
        since,
        until,
        after: find.after.as_deref().map(page_end).transpose()?,
        limit: find.limit,
        ..Search::from(anchor)
    })
}

fn tail(text: &str) -> Result<String, Failure> {
    finding::tail(text)
        .ok_or_else(|| Failure::Input("--tail is the last four digits of the number".to_owned()))
}

fn state(text: &str) -> Result<DeliveryState, Failure> {
    DeliveryState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
        let all: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        Failure::Input(format!("`{text}` is no state; there are {}", all.join(", ")))
    })
}

fn code(text: &str) -> Result<FailureCode, Failure> {
    FailureCode::from_str(text).map_err(|problem| Failure::Input(problem.to_string()))
}

/// A moment as it is typed, with its zone.
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let read = OffsetDateTime::parse(text, &Rfc3339).ok().and_then(Timestamp::of);
    read.ok_or_else(|| {
        Failure::Input(format!("`{text}` is no moment; write it with its zone, as 2026-11-29T09:00:00+09:00"))
    })
}

/// The end of a page as it is printed: the moment and the job, with a comma.
fn page_end(text: &str) -> Result<PageEnd, Failure> {
    let wrong = || Failure::Input(format!("`{text}` names no page; give it as the page before prints it"));
    let (created_at, job_id) = text.split_once(',').ok_or_else(wrong)?;
    let job_id: JobId = job_id.parse().map_err(|_| wrong())?;
    Ok(PageEnd { created_at: moment(created_at).map_err(|_| wrong())?, job_id })
}

fn text(found: &FoundJobs) {
    let rows = found.deliveries.iter().map(row).collect();
    output::table(
        &[
            "begun",
            "channel",
            "recipient",
            "state",
            "code",
            "gateway",
            "agent",
            "template",
            "consultation",
            "job",
        ],
        rows,
    );
    for letter in &found.letters {
        output::line(format!(
            "letter {} is {}: {}, died {}; no worker has had its job in hand",
            letter.id,
            letter.state.as_str(),
            letter.code,
            letter.last_died_at
        ));
    }
    if let Some(next) = &found.next {
        output::line(format!("there are more: --after {next}"));
    }
    found.notes.iter().for_each(|note| output::line(format!("note: {note}")));
}

fn row(found: &FoundDelivery) -> Vec<String> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "—".to_owned());
    vec![
        found.created_at.to_string(),
        found.channel.to_string(),
        or_none(found.recipient_tail.as_ref().map(|tail| mask::tail(found.country_code, tail))),
        found.state.to_string(),
        or_none(found.code.map(|code| code.to_string())),
        or_none(found.provider.map(|provider| provider.to_string())),
        or_none(found.agent_id.clone()),
        or_none(found.template.clone()),
        found.consultation_id.to_string(),
        found.job_id.to_string(),
    ]
}

impl ChannelName {
    /// The channel of this name.
    pub fn channel(self) -> Channel {
        match self {
            Self::Sms => Channel::Sms,
            Self::Email => Channel::Email,
            Self::Dial => Channel::Dial,
        }
    }
}
