//! The bounce reader: reports about accepted mails, from a maildir to the record and the suppression list.
//!
//! It reads what strangers send, and can therefore publish nothing and read no job: the CRM is told by the fallback
//! worker, which finds the debt.

use std::{fmt::Write as _, io, time::Duration};

use bytes::Bytes;
use closure_contract::{
    JobId, ReceiptStatus, Timestamp,
    facts::{
        bounces::{DsnAction, RecipientReport},
        recipients::Recipient,
    },
};
use closure_policy::{
    email::bounce::{Bounce, Complained, Mailbox, complained, judge},
    suppression,
};
use closure_providers::{
    BounceAddresses, BounceError, BounceMail, BounceNotice, BounceReport, MailComplaint, REPORT_BYTES_MAX,
    UnreadBounce, UnreadReason, read_bounce, read_large_bounce,
};
use closure_store::{
    BounceEffect, Bounced, NewBounce, NewSuppression, ReportedMail, Store, StoreError, SuppressionSource,
    UnreadMail,
};
use sha2::{Digest, Sha256};
use tracing::{debug, error, info, warn};

use crate::{
    lifecycle::{Lifecycle, Rest},
    maildir::{Arrived, Content, Maildir},
    runtime::{Outage as _, Remedy},
    services::Service,
};

/// Of a mail that is too large to be read, this many bytes are kept in the desk beside the file.
const LARGE_KEPT_BYTES: usize = 64 * 1024;

pub struct BounceReader {
    /// Where the mail server delivers what comes back.
    pub maildir: Maildir,
    /// Which addresses are ours.
    pub addresses: BounceAddresses,
    pub store: Store,
    pub pause: Duration,
    pub lifecycle: Lifecycle,
}

/// Why a look was cut short; the mails stay where they are and are looked at again.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("the maildir cannot be read or written ({0}); give the role's user the right to")]
    Maildir(#[from] io::Error),
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Where a mail belongs once it was read.
enum Place {
    /// Among those that were read.
    Read,
    /// With those that a person has to look at.
    Aside,
    /// Where it is: its time has not come.
    Stays,
}

impl BounceReader {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        let services = &self.lifecycle.services;
        let (mut database, mut maildir) = (services.ask(Service::Database), services.ask(Service::Maildir));
        loop {
            // A look that is cut short begins again.
            match self.look().await {
                Ok(()) => {
                    database.answered();
                    maildir.answered();
                }
                Err(LookError::Store(problem)) => database.failed(&problem),
                Err(problem @ LookError::Maildir(_)) => maildir.failed(&problem),
            }
            if self.lifecycle.rest(self.pause).await == Rest::Stopped {
                return;
            }
        }
    }

    async fn look(&self) -> Result<(), LookError> {
        for mail in self.maildir.arrived().await? {
            if self.lifecycle.stop.is_cancelled() {
                return Ok(());
            }
            match self.place(&mail).await? {
                Place::Read => self.maildir.keep_as_read(&mail).await?,
                Place::Aside => self.maildir.put_aside(&mail).await?,
                Place::Stays => {}
            }
        }
        Ok(())
    }

    /// Does what a mail asks for; it is moved only afterwards, so that a process that dies leaves it for the next.
    async fn place(&self, mail: &Arrived) -> Result<Place, LookError> {
        let bytes = match self.maildir.read(mail, REPORT_BYTES_MAX).await? {
            Content::Mail(bytes) => bytes,
            Content::Large(bytes) => {
                let beginning = &bytes[..bytes.len().min(LARGE_KEPT_BYTES)];
                return match read_large_bounce(beginning, &self.addresses) {
                    Ok(unread) => self.keep_unread(mail, beginning, &unread).await,
                    Err(problem) => Ok(aside(mail, problem)),
                };
            }
            Content::Unfit => return Ok(aside(mail, BounceError::Unreadable)),
            Content::Gone => return Ok(Place::Stays),
        };
        match read_bounce(&bytes, &self.addresses) {
            Ok(BounceMail::Report(report)) => self.apply(mail, &bytes, &report).await,
            Ok(BounceMail::Complaint(complaint)) => self.apply_complaint(mail, &bytes, &complaint).await,
            Ok(BounceMail::Notice(notice)) => self.apply_notice(mail, &bytes, notice).await,
            Ok(BounceMail::Unread(unread)) => self.keep_unread(mail, &bytes, &unread).await,
            Ok(BounceMail::NoReport) => {
                info!(%mail, "an answer came to a bounce address and reports nothing; it counts for nothing");
                Ok(Place::Read)
            }
            Err(problem) => Ok(aside(mail, problem)),
        }
    }

    /// A mail server's words count if they name the recipient on record; whoever wrote them cannot know another's.
    async fn apply_notice(
        &self,
        mail: &Arrived,
        bytes: &[u8],
        notice: BounceNotice,
    ) -> Result<Place, LookError> {
        let (job_id, generation) = (notice.job_id(), notice.generation());
        let reported = match self.store.reported_mail(job_id).await {
            Ok(reported) => reported,
            Err(problem) => return left(mail, job_id, problem),
        };
        let recipient = reported.and_then(|reported| reported.recipient);
        match recipient.and_then(|recipient| notice.about(&recipient)) {
            Some(report) => self.apply(mail, bytes, &report).await,
            None => {
                let why = UnreadReason::AnotherRecipient;
                self.keep_unread(mail, bytes, &UnreadBounce { job_id, generation, why }).await
            }
        }
    }

    /// A complaint takes the address out of what we write to, and leaves the mail's own end as it is: it arrived.
    ///
    /// About an older edition a person decides, because the address may have been corrected since.
    async fn apply_complaint(
        &self,
        mail: &Arrived,
        bytes: &[u8],
        complaint: &MailComplaint,
    ) -> Result<Place, LookError> {
        let MailComplaint { job_id, generation, feedback, written_at } = *complaint;
        let reported = match self.store.reported_mail(job_id).await {
            Ok(reported) => reported,
            Err(problem) => return left(mail, job_id, problem),
        };
        let Some(reported) = reported else {
            warn!(%mail, %job_id, "a complaint names a job that the database does not know; it is put aside");
            return Ok(Place::Aside);
        };
        if reported.generation != generation {
            let why = UnreadReason::Complaint;
            return self.keep_unread(mail, bytes, &UnreadBounce { job_id, generation, why }).await;
        }
        let recorded = NewBounce {
            job_id,
            generation,
            report_id: hex(bytes),
            status: ReceiptStatus::Delivered,
            provider_code: Some("complaint".to_owned()),
            occurred_at: written_at,
            received_at: Timestamp::now(),
            effect: BounceEffect::Recorded,
        };
        match self.store.record_bounce(recorded).await {
            Ok(Bounced::NotYet) => return Ok(Place::Stays),
            Ok(Bounced::Unknown) => return Ok(Place::Aside),
            Ok(Bounced::Recorded | Bounced::Moved) => {}
            Err(problem) => return left(mail, job_id, problem),
        }
        let listed = match complained(feedback) {
            Complained::Recorded => None,
            Complained::Unwanted => {
                let reason = format!("a complaint about the mail of job {job_id}");
                suppressed(&reported, SuppressionSource::OptOut, reason)
            }
        };
        if let Some(listed) = listed
            && let Err(problem) = self.store.suppress_after_complaint(listed).await
        {
            return left(mail, job_id, problem);
        }
        warn!(%job_id, ?feedback, "a recipient complains of a mail of ours");
        Ok(Place::Read)
    }

    /// What may say that a mail did not arrive waits in the dead-letter desk, and its file with what was put aside.
    async fn keep_unread(
        &self,
        mail: &Arrived,
        bytes: &[u8],
        unread: &UnreadBounce,
    ) -> Result<Place, LookError> {
        let (job_id, why) = (unread.job_id, unread.why);
        let letter = UnreadMail {
            job_id,
            generation: unread.generation,
            detail: format!("a mail came to the bounce address of this job, and {why}"),
            body: Bytes::copy_from_slice(bytes),
            file: mail.to_string(),
        };
        match self.store.keep_unread_bounce(letter).await {
            Ok(()) => {
                // For whoever is woken: the mail may not have arrived, and nobody knows but its reader.
                warn!(%mail, %job_id, %why, "a mail came back that no program can read; it is in the dead-letter desk");
                Ok(Place::Aside)
            }
            Err(problem) => left(mail, job_id, problem),
        }
    }

    async fn apply(&self, mail: &Arrived, bytes: &[u8], report: &BounceReport) -> Result<Place, LookError> {
        let job_id = report.job_id;
        let reported = match self.store.reported_mail(job_id).await {
            Ok(reported) => reported,
            Err(problem) => return left(mail, job_id, problem),
        };
        let Some(reported) = reported else {
            warn!(%mail, %job_id, "a mail came back for a job that the database does not know; it is put aside");
            return Ok(Place::Aside);
        };
        let bounce = new_bounce(bytes, report, &reported);
        let code = bounce.provider_code.clone();
        match self.store.record_bounce(bounce).await {
            Ok(Bounced::Moved) => {
                warn!(%job_id, code, "an accepted mail came back undelivered");
                Ok(Place::Read)
            }
            Ok(Bounced::Recorded) => {
                info!(%job_id, "a report is on record and changes nothing");
                Ok(Place::Read)
            }
            Ok(Bounced::NotYet) => Ok(Place::Stays),
            Ok(Bounced::Unknown) => {
                warn!(%mail, %job_id, "a mail came back for an edition that the database does not know; it is put aside");
                Ok(Place::Aside)
            }
            Err(problem) => left(mail, job_id, problem),
        }
    }
}

/// One mail that the database refuses must not keep the others from being read; an outage ends the look.
fn left(mail: &Arrived, job_id: JobId, problem: StoreError) -> Result<Place, LookError> {
    match problem.remedy() {
        Remedy::Time => return Err(problem.into()),
        Remedy::None => {
            error!(%mail, %job_id, %problem, "the database refuses what a mail asks for; it is left for another try");
        }
        // A process of that release reads it.
        Remedy::NewerRelease => debug!(%mail, %job_id, %problem, "a mail is left for a newer release"),
    }
    Ok(Place::Stays)
}

fn aside(mail: &Arrived, problem: BounceError) -> Place {
    warn!(%mail, %problem, "a mail that came back was put aside");
    Place::Aside
}

/// A report in the words of the store.
fn new_bounce(bytes: &[u8], report: &BounceReport, reported: &ReportedMail) -> NewBounce {
    let first = report.recipients.first();
    let code = first.and_then(|one| one.status).map(|status| status.to_string());
    let effect = match judge(&report.recipients) {
        Bounce::Recorded => BounceEffect::Recorded,
        Bounce::Undelivered(mailbox) => {
            let why = [code.as_deref(), first.and_then(|one| one.diagnostic.as_deref())];
            let why: Vec<&str> = why.into_iter().flatten().collect();
            BounceEffect::Undelivered {
                detail: format!("it came back: {}", why.join(" ")).trim_end_matches([':', ' ']).to_owned(),
                suppress: match mailbox {
                    Mailbox::Gone => {
                        let code = code.as_deref().unwrap_or_default();
                        let reason = format!("{code} in a report about the mail of job {}", report.job_id);
                        suppressed(reported, SuppressionSource::HardBounce, reason)
                    }
                    Mailbox::MayTakeTheNext => None,
                },
            }
        }
    };
    NewBounce {
        job_id: report.job_id,
        generation: report.generation,
        report_id: hex(bytes),
        status: status(&report.recipients),
        provider_code: code,
        occurred_at: report.written_at,
        received_at: Timestamp::now(),
        effect,
    }
}

fn status(said: &[RecipientReport]) -> ReceiptStatus {
    if said.iter().all(|one| one.action == DsnAction::Failed) {
        ReceiptStatus::Undelivered
    } else if said.iter().any(|one| one.action == DsnAction::Delayed) {
        ReceiptStatus::InTransit
    } else {
        ReceiptStatus::Unknown
    }
}

/// The job's own recipient; the address in a report is whatever its writer likes.
fn suppressed(reported: &ReportedMail, source: SuppressionSource, reason: String) -> Option<NewSuppression> {
    let recipient = suppression::read(reported.recipient.as_deref()?).ok()?;
    if !matches!(recipient, Recipient::Email(_)) {
        return None;
    }
    Some(NewSuppression {
        masked: suppression::masked(&recipient),
        recipient,
        source,
        actor: "fleet work bounces".to_owned(),
        reason,
    })
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
