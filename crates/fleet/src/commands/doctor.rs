//! `fleet doctor`: is everything there that the fleet needs, and what to do where it is not.

use std::num::NonZeroU64;

use clap::ValueEnum as _;
use closure_broker::topology::{self, Seen};
use closure_contract::{FailureCode, Provider, topology::WorkQueue};
use closure_policy::{
    email::records::{RecordFinding, RecordHealth},
    gateway::{
        quota::QuotaLevel,
        route::{RoutingRule, sharers},
    },
    rulebook::CompiledRulebook,
};
use closure_providers::Capabilities;
use closure_store::{
    AnothersReceipts, HashKeyReport, LongOwed, Missing, NotHome, NotInForce, OpenCircuit, Postponed, Store,
    StoreError,
};
use serde::Serialize;

use super::{Failure, Invocation, fallback_hold, gateways, mail_records, members, show_as};
use crate::{
    cli::{Doctor, Member, Role},
    config,
    gateways::quota::{self, Month},
    output,
    workers::{delays, pbx_check::PbxCheck},
};

/// The sweep tells what is owed for a quarter of this.
const LONG_OWED_MS: u64 = 60_000;

/// A worker publishes what is owed for a tenth of this.
const STRANDED_MS: u64 = 300_000;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    verdict: Health,
    detail: String,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Health {
    Well,
    /// It works, and somebody should know what to expect of it.
    Watch,
    Ill,
}

/// What an installation may do without.
#[derive(Clone, Copy)]
struct Optional {
    has_webhook: bool,
    has_bounces: bool,
}

impl Optional {
    /// The key without which this process has nothing to do and does not start; nothing where it is set.
    fn unset_key(self, member: Member) -> Option<&'static str> {
        match member {
            Member::Work(Role::Webhooks) => (!self.has_webhook).then_some("webhooks.url"),
            Member::Work(Role::Bounces) => (!self.has_bounces).then_some("bounces.domain"),
            Member::Work(
                Role::Sms | Role::Email | Role::Dial | Role::Fallback | Role::Dead | Role::Cancel,
            )
            | Member::Advisor
            | Member::Intake => None,
        }
    }
}

/// Looks at the configuration, the broker and the database; exits 1 if something is ill.
pub async fn run(invocation: &Invocation, doctor: &Doctor) -> Result<(), Failure> {
    let (broker, database, rulebook, advisor, quotas, patience, _name_servers, optional) =
        match config::load(invocation.config.as_ref(), |source| {
            (
                config::broker(source, "doctor"),
                config::database(source),
                config::rulebook(source),
                config::advisor_if_any(source),
                config::quotas(source),
                config::patience(source),
                config::name_servers(source),
                Optional {
                    has_webhook: config::has_webhook(source),
                    has_bounces: config::has_bounces(source),
                },
            )
        }) {
            Ok(read) => read,
            Err(problem) => return Err(members::all_told(invocation, &doctor.members, problem).into()),
        };
    let mut findings = vec![Finding::well("configuration and rulebook", "valid")];
    findings.extend(configurations(invocation, &doctor.members, optional));
    let connected: Vec<Provider> = quotas.iter().map(|(provider, _)| *provider).collect();
    findings.extend(one_time_codes_only(&rulebook.rules().sms.routes, &connected));
    if advisor.is_some() {
        findings.push(Finding::well("advisor", "its tokens and limits are sound"));
    }
    let depths = match topology::look(&broker).await {
        Ok(seen) => {
            findings.extend(in_broker(&seen, optional.has_webhook));
            seen.depths
        }
        Err(problem) => {
            findings.push(Finding::ill("broker and topology", &problem.to_string()));
            delays::work_queues(&broker).await
        }
    };
    let store = Store::new(database)?;
    findings.extend(in_database(&store, &quotas, &rulebook, patience.alarm_ms, &depths).await);
    findings.extend(in_dns(invocation, &doctor.members).await);
    if doctor.members.contains(&Member::Work(Role::Dial)) {
        findings.extend(at_pbx(invocation, store).await);
    }
    let ill = findings.iter().filter(|finding| finding.verdict == Health::Ill).count();
    show_as(invocation.style, &findings, |findings| {
        for finding in findings {
            let mark = match finding.verdict {
                Health::Well => "ok ",
                Health::Watch => "see",
                Health::Ill => "ILL",
            };
            output::line(format!("{mark}  {:<32} {}", finding.what, finding.detail));
        }
    });
    if ill == 0 { Ok(()) } else { Err(Failure::Refused(format!("{ill} finding(s); see above"))) }
}

/// What the DNS says of our mail; one that cannot be asked may be asked from elsewhere.
async fn in_dns(invocation: &Invocation, members: &[Member]) -> Vec<Finding> {
    let looked = mail_records::look(invocation, members).await.unwrap_or_default();
    let finding = |(what, found): mail_records::LookedAt| match found {
        Ok(RecordFinding { health: RecordHealth::Well, detail }) => Finding::well(&what, &detail),
        Ok(RecordFinding { health: RecordHealth::Watch, detail }) => Finding::watch(&what, &detail),
        Ok(RecordFinding { health: RecordHealth::Ill, detail }) => Finding::ill(&what, &detail),
        Err(problem) => Finding::watch(&what, &format!("{problem}; see network.dns_servers")),
    };
    looked.into_iter().map(finding).collect()
}

/// What the PBX says, with the keys of the role dial; keys that are wrong were told already.
async fn at_pbx(invocation: &Invocation, store: Store) -> Option<Finding> {
    let (ari, settings) = members::pbx(invocation)?;
    let looked = PbxCheck { ari, store, record_wait_ms: settings.evidence_wait_ms }.look().await;
    let detail = "ARI answers, its user may place calls, and the record of a call that rings nobody arrived";
    Some(match looked {
        Ok(()) => Finding::well("PBX", detail),
        Err(problem) => Finding::ill("PBX", &problem.to_string()),
    })
}

/// The countries of which a gateway says that it carries one-time codes alone, and whose texts it is given all the same.
fn one_time_codes_only(routes: &[RoutingRule], connected: &[Provider]) -> Vec<Finding> {
    let strict = |provider| Capabilities::of(provider).map_or(&[][..], |gateway| gateway.one_time_codes_only);
    let strict =
        connected.iter().flat_map(|provider| strict(*provider).iter().map(|code| (*provider, *code)));
    strict
        .filter(|(provider, country_code)| sharers(*country_code, routes, connected).contains(provider))
        .map(|(provider, country_code)| {
            let detail = format!(
                "{provider} promises to carry one-time codes alone there, so that an answer may not arrive, whatever its \
                 receipt says: give the country a route to another gateway (sms.routes of the rulebook), or agree on it \
                 with {provider}"
            );
            Finding::watch(&format!("texts to +{country_code}"), &detail)
        })
        .collect()
}

/// What the broker says.
fn in_broker(seen: &Seen, has_webhook: bool) -> Vec<Finding> {
    let hidden = seen.depths.iter().filter(|(_, ready)| ready.is_none()).count();
    let detail = match (seen.arguments, hidden) {
        (true, _) => "reachable, and this release's".to_owned(),
        (false, 0) => {
            "reachable, and every exchange and queue is there; this user may not see their arguments, \
                       which `fleet topology check` compares as the user topology"
                .to_owned()
        }
        (false, hidden) => format!(
            "reachable; the broker does not let this user see arguments, nor {hidden} of the queues: `fleet topology \
             check` as the user topology compares all, and `rabbitmqctl list_queues` counts all"
        ),
    };
    let depths = seen.depths.iter().filter_map(|(name, ready)| Some((name, (*ready)?)));
    let depths = depths.map(|(name, ready)| {
        if *name == WorkQueue::Webhooks.name() && ready > 0 && !has_webhook {
            return unwanted_outcomes(ready);
        }
        Finding::well(name, &format!("{ready} ready"))
    });
    std::iter::once(Finding::well("broker and topology", &detail)).chain(depths).collect()
}

/// Outcomes that wait for a webhook which this configuration does not name.
fn unwanted_outcomes(ready: u32) -> Finding {
    let detail = format!(
        "{ready} ready, and webhooks.url is not set: set it and run `fleet work webhooks`; where the CRM has no webhook \
         any more run `fleet topology apply` and let them go to the desk, or delete the queue and apply once more"
    );
    Finding::ill(WorkQueue::Webhooks.name(), &detail)
}

/// A limit that the database was asked for and does not keep.
fn not_in_force(setting: &NotInForce) -> Finding {
    let NotInForce { name, wanted, found } = setting;
    let detail = format!(
        "is {found} and has to be {wanted}; something between us and the database, or its own settings, overrule \
         ours: as the database's owner run deploy/pgbouncer/session.sql (docs/pgbouncer.md)"
    );
    Finding::ill(&format!("setting {name}"), &detail)
}

/// The keys of the processes that were named; or a word that nobody's were looked at.
fn configurations(invocation: &Invocation, members: &[Member], optional: Optional) -> Vec<Finding> {
    if members.is_empty() {
        let detail =
            "no role's own keys were looked at; name those that run, such as `fleet doctor sms email`";
        return vec![Finding::well("configuration of the roles", detail)];
    }
    let one = |member: &Member| {
        let value = member.to_possible_value().expect("no process is hidden");
        let what = format!("configuration of {}", value.get_name());
        if let Some(key) = optional.unset_key(*member) {
            let detail =
                format!("not in use: `{key}` is not set, and without it this process does not start");
            return Finding::well(&what, &detail);
        }
        match members::check(invocation, *member) {
            Ok(()) => Finding::well(&what, "valid"),
            Err(problem) => Finding::ill(&what, &problem.errors.join("; ")),
        }
    };
    members.iter().map(one).collect()
}

/// What the database says; where it lacks a table or a right, that is named, and the rest is shown all the same.
async fn in_database(
    store: &Store,
    quotas: &[(Provider, Option<NonZeroU64>)],
    rulebook: &CompiledRulebook,
    alarm_ms: u64,
    depths: &[(&'static str, Option<u32>)],
) -> Vec<Finding> {
    let mut looks = Looks::default();
    match store.check().await {
        Ok(()) => {
            let detail = "reachable, writable, and its schema this release's";
            looks.findings.push(Finding::well("database", detail));
        }
        Err(problem) => {
            looks.findings.push(Finding::ill("database", &problem.to_string()));
            if problem.is_unavailable() {
                return looks.findings;
            }
        }
    }
    let missing = looks.of("tables and rights", store.missing().await).unwrap_or_default();
    looks.is_named = !missing.is_empty();
    looks.findings.extend(missing.iter().map(lacks));
    for counted in looks.of("deliveries", store.counts_by_state().await).unwrap_or_default() {
        let what = format!("{} deliveries {}", counted.channel, counted.state);
        looks.findings.push(Finding::well(&what, &counted.count.to_string()));
    }
    looks.all("users", store.active_users().await.map(|count| [count]), users);
    let indexes = store.missing_indexes().await;
    looks.all("indexes", indexes.map(|missing| missing_indexes(&missing)), |one| one);
    looks.all("keys of recipients", store.hash_keys().await.map(|keys| hash_keys(&keys)), |one| one);
    looks.all("settings of a session", store.not_in_force().await, |setting| not_in_force(&setting));
    looks.all("words owed", store.long_owed(LONG_OWED_MS).await, long_owed);
    looks.all("gateways", store.open_circuits().await, circuit);
    let months = quota::months(store, quotas).await;
    looks.all("quotas", months.map(|months| months.into_iter().filter_map(|one| month(&one))), |one| one);
    looks.all("mails that came back", unread_bounces(store).await, |finding| finding);
    looks.all("replays", stranded_replays(store).await, |finding| finding);
    looks.all("letters given up", untold_discards(store).await, |finding| finding);
    looks.all("jobs put off", store.postponed(alarm_ms).await, postponed);
    let not_home = store.not_home(delays::OVERDUE_MS).await;
    let standing = |jobs: &NotHome| delays::standing(jobs, delays::ready_in(depths, jobs.channel));
    looks.all(
        "delays",
        not_home.map(|jobs| jobs.iter().filter_map(standing).collect::<Vec<_>>()),
        |detail| Finding::ill("the broker's delays", &detail),
    );
    looks.all("receipts", store.anothers_receipts().await, anothers);
    let held = fallback_hold::held(store, &rulebook.rules().sms.fallback_hold).await;
    looks.all("emails held", held, |(scope, detail)| Finding::ill(&format!("emails {scope}"), &detail));
    looks.findings
}

/// What was found so far.
#[derive(Default)]
struct Looks {
    findings: Vec<Finding>,
    /// Whether a table or a right that is missing was named already, which every look that needs it would repeat.
    is_named: bool,
}

impl Looks {
    /// What a look brought; one that failed is a finding itself.
    fn of<T>(&mut self, what: &str, looked: Result<T, StoreError>) -> Option<T> {
        match looked {
            Ok(found) => Some(found),
            Err(StoreError::Schema(_) | StoreError::Right(_)) if self.is_named => None,
            Err(problem) => {
                self.findings.push(Finding::ill(what, &problem.to_string()));
                None
            }
        }
    }

    /// A finding for each thing that a look brought.
    fn all<L: IntoIterator>(
        &mut self,
        what: &str,
        looked: Result<L, StoreError>,
        finding: impl Fn(L::Item) -> Finding,
    ) {
        let found = self.of(what, looked);
        self.findings.extend(found.into_iter().flatten().map(finding));
    }
}

/// Whether somebody is known by name; an installation of before has nobody, and works as it did.
fn users(active: i64) -> Finding {
    if active > 0 {
        return Finding::well("users", &format!("{active} may act, each by the rights that were granted"));
    }
    let detail = "nobody is a user yet: whoever reaches the database's password may do everything, and the record names \
                  accounts of the operating system alone; fleet users add --first";
    Finding::watch("users", detail)
}

/// A table or a right that is missing.
fn lacks(missing: &Missing) -> Finding {
    Finding::ill(&missing.subject(), &missing.to_string())
}

/// Indexes that are missing or half built; workers do without them.
fn missing_indexes(missing: &[&str]) -> Option<Finding> {
    let detail = format!(
        "{} to be built: fleet find, fleet history and fleet dead list are slow until `fleet migrate` has run as \
         closure_owner",
        missing.join(", ")
    );
    (!missing.is_empty()).then(|| Finding::watch("indexes", &detail))
}

/// How the keys of this process stand to those by which recipients were hashed.
fn hash_keys(keys: &HashKeyReport) -> Option<Finding> {
    let what = "keys of recipients";
    if !keys.lost.is_empty() {
        let lost: Vec<String> = keys.lost.iter().map(ToString::to_string).collect();
        let detail = format!(
            "recipients were hashed by key {}, which recipients.hash_keys does not have: nobody is found by what it \
             hashed; bring it back, or run `fleet backfill --again` with the newer key",
            lost.join(", ")
        );
        return Some(Finding::ill(what, &detail));
    }
    if keys.known.is_empty() {
        let detail = "recipients.hash_keys is not set: nobody is found by a number or an address";
        return Some(Finding::watch(what, detail));
    }
    None
}

/// Mails that came back and that only a person can read.
async fn unread_bounces(store: &Store) -> Result<Option<Finding>, StoreError> {
    let count = store.open_letters(FailureCode::BounceUnread).await?;
    Ok((count > 0).then(|| {
        let detail = format!(
            "{count} mail(s) came back and nobody has read them; see `fleet dead list --code bounce_unread`"
        );
        Finding::ill("mails that came back", &detail)
    }))
}

/// Replays that their command left owed and that no worker publishes.
async fn stranded_replays(store: &Store) -> Result<Option<Finding>, StoreError> {
    let count = store.stranded_replays(STRANDED_MS).await?;
    Ok((count > 0).then(|| {
        let detail = format!(
            "{count} were begun and not published, and no worker sees to it: is one of their queue running? Where it is \
             a cancellation or an outcome, give the same command again; see `fleet dead list --state replaying`"
        );
        Finding::ill("replays", &detail)
    }))
}

/// Letters that were given up and of which no process tells the CRM.
async fn untold_discards(store: &Store) -> Result<Option<Finding>, StoreError> {
    let count = store.untold_discards(STRANDED_MS).await?;
    Ok((count > 0).then(|| {
        let detail = format!(
            "{count} were given up and the CRM has not heard of it: is a `fleet work fallback` of this release running?"
        );
        Finding::ill("letters given up", &detail)
    }))
}

/// Jobs that wait for a failure to pass which is not theirs.
fn postponed(jobs: Postponed) -> Finding {
    let Postponed { channel, code, count, since, detail } = jobs;
    let said = detail.map_or_else(String::new, |said| format!(" (the latest: {said})"));
    let detail =
        format!("{count}, the first since {since}: {code}: {}{said}; {}", code.what(), code.remedy());
    Finding::ill(&format!("{channel} jobs put off"), &detail)
}

/// Words that somebody still waits for.
fn long_owed(owed: LongOwed) -> Finding {
    let LongOwed { count, oldest_ms } = owed;
    let seconds = oldest_ms / 1_000;
    Finding::ill(
        "words owed",
        &format!(
            "{count} outcome(s) or job(s) are not told, the oldest for {seconds} s; a process of the role fallback \
             tells them: is one running, and does the broker confirm?"
        ),
    )
}

/// A gateway that is left alone.
fn circuit(open: OpenCircuit) -> Finding {
    let whole = String::new;
    let country = open.name.country_code.map_or_else(whole, |code| format!(" to +{code}"));
    let said = open.detail.map_or_else(String::new, |said| format!(" (it says: {said})"));
    let detail =
        format!("left alone since {}: {}{said}; {}", open.opened_at, open.code.what(), open.code.remedy());
    Finding::ill(&format!("gateway {}{country}", open.name.provider), &detail)
}

/// A door through which another gateway's attempts were spoken of.
fn anothers(found: AnothersReceipts) -> Finding {
    let detail = format!(
        "{} receipt(s) in seven days named an attempt of another gateway and were not believed, the latest at {} \
         about job {}; whoever sent them knows this door's secret: change it, and ask the gateway",
        found.count, found.latest_at, found.latest_job
    );
    Finding::ill(&format!("receipts of {}", found.provider), &detail)
}

/// A gateway whose quota is known.
fn month(month: &Month) -> Option<Finding> {
    let (what, detail) = (format!("quota {}", month.usage.provider), gateways::used(month));
    Some(match month.forecast?.level {
        QuotaLevel::Ample | QuotaLevel::Watch => Finding::well(&what, &detail),
        QuotaLevel::Low | QuotaLevel::UsedUp => Finding::ill(&what, &detail),
    })
}

impl Finding {
    fn well(what: &str, detail: &str) -> Self {
        Self { what: what.to_owned(), verdict: Health::Well, detail: detail.to_owned() }
    }

    fn watch(what: &str, detail: &str) -> Self {
        Self { what: what.to_owned(), verdict: Health::Watch, detail: detail.to_owned() }
    }

    fn ill(what: &str, detail: &str) -> Self {
        Self { what: what.to_owned(), verdict: Health::Ill, detail: detail.to_owned() }
    }
}
