//! A customer's deliveries among millions, found by one anchor that an index answers.

use closure_contract::{
    Channel, ConsultationId, FailureCode, Generation, JobId, Provider, Timestamp,
    facts::recipients::Recipient,
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::keys::HashKeyNumber;
use crate::{
    database::row::Columns,
    dead_letters::{DeadLetterSummary, LAST_MOMENT, summary_columns},
    delivery::state::DeliveryState,
    error::StoreError,
    store::Store,
};

/// A page has at most this many deliveries.
const PAGE_MAX: i64 = 1_000;
/// A search shows at most this many letters that belong to no delivery, the latest ones.
const LETTERS_MAX: i64 = 50;

/// Where a search begins: what an index answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchAnchor {
    /// This number or address, by the hash of each key that is known.
    Recipient(Recipient),
    /// Numbers that end with these four digits.
    Tail(String),
    /// This consultation.
    Consultation(ConsultationId),
    /// Numbers of this country code.
    Country(u16),
    /// What is in doubt, of anybody.
    InDoubt,
}

/// Which deliveries are looked for; what is not named may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Where it begins.
    pub anchor: SearchAnchor,
    /// Numbers that end with these four digits.
    pub tail: Option<String>,
    /// Numbers of this country code.
    pub country_code: Option<u16>,
    /// Of this channel.
    pub channel: Option<Channel>,
    /// Written by this agent.
    pub agent_id: Option<String>,
    /// Whose text is of this template: its name, or its name and version as `name/1`.
    pub template: Option<String>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// With this code.
    pub code: Option<FailureCode>,
    /// Begun at this moment or later.
    pub since: Option<Timestamp>,
    /// Begun before this moment.
    pub until: Option<Timestamp>,
    /// Those after this one: the last of the page before.
    pub after: Option<PageEnd>,
    /// At most so many.
    pub limit: i64,
}

impl Search {
    /// Everything that begins at this anchor.
    pub fn from(anchor: SearchAnchor) -> Self {
        Self {
            anchor,
            tail: None,
            country_code: None,
            channel: None,
            agent_id: None,
            template: None,
            state: None,
            code: None,
            since: None,
            until: None,
            after: None,
            limit: 100,
        }
    }
}

/// The last delivery of a page; the next page begins after it, whatever comes in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageEnd {
    /// When it was begun.
    pub created_at: Timestamp,
    /// Which it is.
    pub job_id: JobId,
}

/// A delivery as a search shows it: without its body, and of its number the country and the last four digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FoundDelivery {
    /// The job.
    pub job_id: JobId,
    /// What carries it.
    pub channel: Channel,
    /// The consultation that it closes.
    pub consultation_id: ConsultationId,
    /// Which edition of the answer.
    pub revision: u32,
    /// Which edition of the job.
    pub generation: Generation,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// Who carries the latest try.
    pub provider: Option<Provider>,
    /// The country code of the number.
    pub country_code: Option<u32>,
    /// The last four digits of the number.
    pub recipient_tail: Option<String>,
    /// The agent who wrote the reply.
    pub agent_id: Option<String>,
    /// The approved template of which the text is an instance.
    pub template: Option<String>,
    /// Since when it has been in doubt.
    pub doubt_since: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it came to an end.
    pub ended_at: Option<Timestamp>,
}

/// One page of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// The deliveries, the latest first.
    pub deliveries: Vec<FoundDelivery>,
    /// Letters of jobs that no worker has had in hand, with the first page; the one that died latest first.
    pub letters: Vec<DeadLetterSummary>,
    /// Where the next page begins, if there is one.
    pub next: Option<PageEnd>,
    /// Keys that hashed recipients and that this process does not know: what they hashed is not found by a recipient.
    pub lost_keys: Vec<HashKeyNumber>,
    /// Whether deliveries of an earlier release are still to be given what they are found by.
    pub is_backfilled: bool,
}

impl Store {
    /// Looks for deliveries, the latest first, one page at a time.
    pub async fn find(&self, search: &Search) -> Result<FoundPage, StoreError> {
        let limit = search.limit.clamp(1, PAGE_MAX);
        let filters = Filters::of(search, limit);
        let (mut lost_keys, mut hashes) = (Vec::new(), Vec::new());
        if let SearchAnchor::Recipient(recipient) = &search.anchor {
            lost_keys = self.hash_keys().await?.lost;
            hashes = self.keys.every(recipient);
        }
        let (found, strays) = match &search.anchor {
            SearchAnchor::Recipient(_) => (
                self.database.query(BY_RECIPIENT, &filters.values(&hashes)).await?,
                self.strays(search, STRAYS_BY_RECIPIENT, &hashes).await?,
            ),
            SearchAnchor::Tail(tail) => (
                self.database.query(BY_TAIL, &filters.values(tail)).await?,
                self.strays(search, STRAYS_BY_TAIL, tail).await?,
            ),
            SearchAnchor::Consultation(consultation) => {
                let consultation = consultation.as_str();
                (
                    self.database.query(BY_CONSULTATION, &filters.values(&consultation)).await?,
                    self.strays(search, STRAYS_BY_CONSULTATION, &consultation).await?,
                )
            }
            SearchAnchor::InDoubt => {
                (self.database.query(IN_DOUBT, &filters.values(&true)).await?, Vec::new())
            }
            SearchAnchor::Country(code) => {
                let code = i32::from(*code);
                (
                    self.database.query(BY_COUNTRY, &filters.values(&code)).await?,
                    self.strays(search, STRAYS_BY_COUNTRY, &code).await?,
                )
            }
        };
        let mut deliveries: Vec<FoundDelivery> =
            found.iter().map(FoundDelivery::read).collect::<Result<_, _>>()?;
        // One more than the page was asked for, to know whether there is another.
        let page = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = deliveries.len() > page;
        deliveries.truncate(page);
        let last = deliveries.last().filter(|_| has_more);
        let next = last.map(|last| PageEnd { created_at: last.created_at, job_id: last.job_id });
        Ok(FoundPage {
            deliveries,
            letters: strays,
            next,
            lost_keys,
            is_backfilled: self.is_backfilled().await?,
        })
    }

    /// Letters of jobs that have no delivery; they stand with the first page, and only where no filter asks for what a
    /// letter does not have.
    async fn strays(
        &self,
        search: &Search,
        sql: &'static str,
        anchor: &(dyn ToSql + Sync),
    ) -> Result<Vec<DeadLetterSummary>, StoreError> {
        if search.after.is_some() || search.state.is_some() {
            return Ok(Vec::new());
        }
        let values: [&(dyn ToSql + Sync); 10] = [
            anchor,
            &search.channel.map(Channel::as_str),
            &search.code.map(FailureCode::as_str),
            &search.agent_id,
            &search.since.map(|at| at.0),
            &search.until.map(|at| at.0),
            &LETTERS_MAX,
            &search.tail,
            &search.country_code.map(i32::from),
            &search.template,
        ];
        self.database.query(sql, &values).await?.iter().map(DeadLetterSummary::read).collect()
    }
}

/// What a statement takes besides its anchor.
struct Filters<'a> {
    channel: Option<&'static str>,
    tail: Option<&'a str>,
    country_code: Option<i32>,
    agent_id: Option<&'a str>,
    template: Option<&'a str>,
    state: Option<&'static str>,
    code: Option<&'static str>,
    since: Option<time::OffsetDateTime>,
    until: time::OffsetDateTime,
    after: Uuid,
    limit: i64,
}

impl<'a> Filters<'a> {
    fn of(search: &'a Search, limit: i64) -> Self {
        let latest = search.until.map_or(LAST_MOMENT, |until| until.0);
        // Before the very first page nothing has that moment, so that every row at it counts as earlier.
        let (until, after) = match search.after {
            Some(end) if end.created_at.0 < latest => (end.created_at.0, end.job_id.0),
            Some(_) | None => (latest, Uuid::max()),
        };
        Self {
            channel: search.channel.map(Channel::as_str),
            tail: search.tail.as_deref(),
            country_code: search.country_code.map(i32::from),
            agent_id: search.agent_id.as_deref(),
            template: search.template.as_deref(),
            state: search.state.map(DeliveryState::as_str),
            code: search.code.map(FailureCode::as_str),
            since: search.since.map(|at| at.0),
            until,
            after,
            limit: limit + 1,
        }
    }

    fn values(&'a self, anchor: &'a (dyn ToSql + Sync)) -> [&'a (dyn ToSql + Sync); 12] {
        [
            anchor,
            &self.channel,
            &self.tail,
            &self.country_code,
            &self.agent_id,
            &self.template,
            &self.state,
            &self.code,
            &self.since,
            &self.until,
            &self.after,
            &self.limit,
        ]
    }
}

impl FoundDelivery {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            job_id: columns.job("job_id")?,
            channel: columns.word("channel")?,
            consultation_id: columns.consultation("consultation_id")?,
            revision: columns.count("revision")?,
            generation: columns.generation("generation")?,
            state: columns.word("state")?,
            code: columns.maybe_code("failure_code")?,
            provider: columns.maybe_word("provider")?,
            country_code: columns.maybe_count("country_code")?,
            recipient_tail: columns.get("recipient_tail")?,
            agent_id: columns.get("agent_id")?,
            template: columns.get("template")?,
            doubt_since: columns.maybe_time("doubt_since")?,
            created_at: columns.time("created_at")?,
            ended_at: columns.maybe_time("ended_at")?,
        })
    }
}

/// A walk of the anchor's index from the latest delivery on, which ends with the page.
macro_rules! found {
    ($anchor:literal) => {
        concat!(
            "
SELECT
    d.job_id, d.channel, d.consultation_id, d.revision, d.generation, d.state, d.failure_code, d.provider,
    d.country_code, d.recipient_tail, d.agent_id, d.template, d.doubt_since, d.created_at, d.ended_at
FROM delivery AS d
WHERE ",
            $anchor,
            "
    AND ($2::text IS NULL OR d.channel = $2)
    AND ($3::text IS NULL OR d.recipient_tail = $3)
    AND ($4::integer IS NULL OR d.country_code = $4)
    AND ($5::text IS NULL OR d.agent_id = $5)
    AND ($6::text IS NULL OR d.template = $6 OR starts_with(d.template, $6 || '/'))
    AND ($7::text IS NULL OR d.state = $7)
    AND ($8::text IS NULL OR d.failure_code = $8)
    AND ($9::timestamptz IS NULL OR d.created_at >= $9)
    AND d.created_at <= $10 AND (d.created_at < $10 OR d.job_id > $11)
ORDER BY d.created_at DESC, d.job_id LIMIT $12"
        )
    };
}

pub(crate) const BY_RECIPIENT: &str = concat!(
    "SELECT found.* FROM unnest($1::bytea[]) AS asked (hash) CROSS JOIN LATERAL (",
    found!("d.recipient_hash = asked.hash"),
    ") AS found ORDER BY found.created_at DESC, found.job_id LIMIT $12"
);
pub(crate) const BY_TAIL: &str = found!("d.recipient_tail = $1");
pub(crate) const BY_CONSULTATION: &str = found!("d.consultation_id = $1");
/// What is in doubt is little, and has an index of its own.
pub(crate) const IN_DOUBT: &str =
    found!("d.doubt_since IS NOT NULL AND d.doubt_since <= now() AND $1::boolean");
pub(crate) const BY_COUNTRY: &str = found!("d.country_code = $1");

/// Letters that speak for no delivery; `$2` to `$6` are channel, code, agent, and the time of the death,
/// `$8` to `$10` tail, country and template.
macro_rules! strays {
    ($anchor:literal) => {
        concat!(
            "SELECT ",
            summary_columns!(),
            "
FROM dead_letter AS l
WHERE ",
            $anchor,
            "
    AND NOT EXISTS (SELECT FROM delivery AS d WHERE d.job_id = l.job_id)
    AND ($2::text IS NULL OR l.channel = $2)
    AND ($3::text IS NULL OR l.code = $3)
    AND ($4::text IS NULL OR l.agent_id = $4)
    AND ($5::timestamptz IS NULL OR l.last_died_at >= $5)
    AND ($6::timestamptz IS NULL OR l.last_died_at < $6)
    AND ($8::text IS NULL OR l.recipient_tail = $8)
    AND ($9::integer IS NULL OR l.country_code = $9)
    AND ($10::text IS NULL OR l.template = $10)
ORDER BY l.last_died_at DESC, l.id DESC LIMIT $7"
        )
    };
}

pub(crate) const STRAYS_BY_RECIPIENT: &str = strays!("l.recipient_hash = ANY ($1::bytea[])");
pub(crate) const STRAYS_BY_TAIL: &str = strays!("l.recipient_tail = $1");
pub(crate) const STRAYS_BY_CONSULTATION: &str = strays!("l.consultation_id = $1");
/// Of a country those that wait, which are few.
pub(crate) const STRAYS_BY_COUNTRY: &str =
    strays!("l.country_code = $1 AND l.state IN ('open', 'replaying')");
