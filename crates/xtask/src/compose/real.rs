//! The real profile, as the documents set it up: `make-secrets.sh`, copies of the example files, and an `.env`.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::compose::project::Project;
use crate::compose::repeats::{end, wrong_path};
use crate::compose::webhook::CrmServer;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, holds_within};

/// What only other people can give, and two roles cannot do without.
const FILLED_IN: [&str; 2] = ["nhn_secret_key", "ari_password"];
/// The user of the maildir in the documents.
const MAILDIR_USER: u32 = 5000;
/// How long the reader may take to move a mail that came back.
const READ_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take until the CRM hears of a job that nobody can carry out.
const OUTCOME_LIMIT: Duration = Duration::from_secs(60);
/// How long a script of ours may take.
const SCRIPT_LIMIT: Duration = Duration::from_secs(60);

/// The job that somebody could carry out, by the end of its id.
const JOB: u32 = 1;
/// The job that nobody can carry out, so that its outcome is told at once.
const JOB_WITHOUT_ADDRESS: u32 = 2;

/// What a person fills into the copy of the example.
const ANSWERS: [(&str, &str); 8] = [
    ("plain_text = \"loopback\"", "plain_text = \"trusted\""),
    ("# host = \"\"", "host = \"mail.example.com\""),
    (
        "# base_url = \"https://sms.api.nhncloudservice.com\"",
        "base_url = \"https://sms.api.nhncloudservice.com\"",
    ),
    ("# app_key = \"\"", "app_key = \"an-app-key\""),
    ("# base_url = \"https://pbx.example.com:8089\"", "base_url = \"https://pbx.example.com:8089\""),
    ("# username = \"closure\"", "username = \"closure\""),
    ("# password_file = \"/run/secrets/smtp_password\"", ""),
    ("[fallback]", "[bounces]\ndomain = \"bounce.example.com\"\n\n[fallback]"),
];

fn job_id(number: u32) -> String {
    format!("00000000-0000-4000-a000-{number:012}")
}

/// What a CRM publishes to this address.
fn job(number: u32, address: &str) -> String {
    serde_json::json!({
        "kind": "closure.email/1",
        "job_id": job_id(number),
        "consultation": { "id": format!("C-20261129-{number:06}"), "channel": "board", "revision": 1 },
        "agent": { "id": "a-1042" },
        "scope": "overseas",
        "to": { "email": address },
        "email": { "subject": "Your lost item", "text": "Hello,\n\nyour item was found." },
    })
    .to_string()
}

/// Brings the real profile up, first with what a person forgets, and takes it away again.
pub fn bring_up(root: &Path, folder: &Path, fleet: &Path, interrupt: &Interrupt) -> Result<()> {
    let crm = CrmServer::start()?;
    let set_up = SetUp::make(root, folder, &crm, interrupt)?;
    let nowhere = folder.join("nowhere/fleet.toml");
    let wrong = set_up.project(root, &nowhere, interrupt)?;
    wrong_path(&wrong, &nowhere)?;
    end(&wrong, &["--volumes"])?;

    let project = set_up.project(root, &set_up.config, interrupt)?.with_file("deploy/compose-tls.yml");
    project.succeed(&["up", "--detach"])?;
    forgotten_secrets_are_told(&project)?;
    for file in FILLED_IN {
        write(&set_up.secrets.join(file), "filled-in-0123456789")?;
    }
    let took = project.up(&[])?;
    only_the_pbx_is_missed(&project)?;
    println!(
        "  {} s after the secrets are filled in every service is healthy, and doctor misses the PBX alone",
        took.as_secs()
    );
    set_up.mail_comes_back()?;
    set_up.crm_comes_over_tls(fleet, &job(JOB, "tls@example.com"), interrupt)?;
    println!("  the CRM's address publishes over TLS, and the broker confirms");
    set_up.crm_comes_over_tls(fleet, &job(JOB_WITHOUT_ADDRESS, "nobody"), interrupt)?;
    outcome_is_posted(&crm)?;
    end(&project, &["--volumes"])
}

/// Doctor finds nothing ill but the PBX of the example, which is nobody's.
fn only_the_pbx_is_missed(project: &Project) -> Result<()> {
    let said = project.ask(&["run", "--rm", "--no-TTY", "doctor"])?;
    let ill: Vec<&str> = said.output.lines().filter(|line| line.starts_with("ILL")).collect();
    match ill.as_slice() {
        [one] if one.starts_with("ILL  PBX ") && said.code == Some(1) => Ok(()),
        _ => failed(format!("doctor should miss the PBX alone: {}", said.complaint())),
    }
}

/// The roles whose secrets are missing restart, and doctor says which and why.
fn forgotten_secrets_are_told(project: &Project) -> Result<()> {
    let said = project.ask(&["run", "--rm", "--no-TTY", "doctor"])?;
    let ill = |role: &str| said.output.contains(&format!("ILL  configuration of {role}"));
    if said.code != Some(1) || !ill("sms") || !ill("dial") || ill("email") {
        return failed(format!("doctor does not say which roles restart: {}", said.complaint()));
    }
    println!("  doctor names the roles `sms` and `dial`, whose secrets are not filled in");
    Ok(())
}

/// The CRM's server hears by its webhook what became of a job.
fn outcome_is_posted(crm: &CrmServer) -> Result<()> {
    let posted =
        || crm.posts().into_iter().find(|post| post.contains("00000000-0000-4000-a000-000000000002"));
    if !holds_within(OUTCOME_LIMIT, || posted().is_some()) {
        return failed(format!(
            "the CRM's webhook did not hear of the job within {} s; it heard: {:?}",
            OUTCOME_LIMIT.as_secs(),
            crm.posts()
        ));
    }
    let post = posted().unwrap_or_default();
    if !post.to_lowercase().contains("webhook-signature: v1,") {
        return failed(format!("the outcome is posted without a signature: {post}"));
    }
    println!("  the CRM's webhook heard, signed, what became of a job");
    Ok(())
}

/// The files of an installation.
struct SetUp {
    secrets: PathBuf,
    config: PathBuf,
    rulebook: PathBuf,
    maildir: PathBuf,
    tls: PathBuf,
}

impl SetUp {
    fn make(root: &Path, folder: &Path, crm: &CrmServer, interrupt: &Interrupt) -> Result<SetUp> {
        let set_up = SetUp {
            secrets: folder.join("secrets"),
            config: folder.join("fleet.toml"),
            rulebook: folder.join("my-rulebook.toml"),
            maildir: folder.join("bounces"),
            tls: folder.join("tls"),
        };
        std::fs::create_dir_all(folder).context(|| format!("cannot create {}", folder.display()))?;
        let mut secrets = Command::new(root.join("deploy/make-secrets.sh"));
        secrets.arg(&set_up.secrets).env("CLOSURE_CRM_BROKER", "amqps://localhost:5671");
        std::fs::create_dir_all(&set_up.tls).context(|| format!("cannot create {}", set_up.tls.display()))?;
        let mut certificate = Command::new(root.join("tests/compose/certificate.sh"));
        certificate.arg(&set_up.tls);
        for mut script in [secrets, certificate] {
            let said = Foreground::read(&mut script, SCRIPT_LIMIT, interrupt)?;
            if said.code != Some(0) {
                return failed(format!("{script:?} {}", said.complaint()));
            }
        }
        let mut text = read(&root.join("deploy/fleet.example.toml"))?;
        for (example, answer) in ANSWERS {
            if !text.contains(example) {
                return failed(format!("deploy/fleet.example.toml has no line `{example}`"));
            }
            text = text.replacen(example, answer, 1);
        }
        let webhooks = "[webhooks]\n";
        if !text.contains(webhooks) {
            return failed("deploy/fleet.example.toml has no section of webhooks");
        }
        let url = format!("{webhooks}url = \"{}\"\n", crm.url());
        text = text.replacen(webhooks, &url, 1);
        write(&set_up.config, &text)?;
        write(&set_up.rulebook, &read(&root.join("deploy/rulebook.toml"))?)?;
        for place in [
            set_up.maildir.clone(),
            set_up.maildir.join("new"),
            set_up.maildir.join("cur"),
            set_up.maildir.join("tmp"),
        ] {
            std::fs::create_dir_all(&place)
                .and_then(|()| chown(&place, Some(MAILDIR_USER), Some(MAILDIR_USER)))
                .and_then(|()| std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o700)))
                .context(|| format!("cannot make the maildir {}", place.display()))?;
        }
        Ok(set_up)
    }

    fn project(&self, root: &Path, config: &Path, interrupt: &Interrupt) -> Result<Project> {
        let variables = format!(
            "CLOSURE_SECRETS={}\nCLOSURE_CONFIG={}\nCLOSURE_RULEBOOK={}\nCLOSURE_BOUNCE_MAILDIR={}\nCLOSURE_BROKER_TLS={}\n",
            self.secrets.display(),
            config.display(),
            self.rulebook.display(),
            self.maildir.display(),
            self.tls.display(),
        );
        let folder = self.maildir.parent().map_or_else(|| self.maildir.clone(), Path::to_owned);
        Project::new(root, folder.join("project"), &variables, &["bounces", "webhooks"], interrupt)
    }

    /// A CRM on another machine publishes with the address that make-secrets.sh wrote for it.
    fn crm_comes_over_tls(&self, fleet: &Path, job: &str, interrupt: &Interrupt) -> Result<()> {
        let file = self.tls.join("job.json");
        write(&file, job)?;
        let mut command = Command::new(fleet);
        command.args(["enqueue", "--anyway"]).arg(&file);
        command.env("FLEET_BROKER_URI_FILE", self.secrets.join("broker_uri_crm"));
        command.env("FLEET_BROKER_TLS_CA", self.tls.join("ca.pem"));
        let said = Foreground::read(&mut command, SCRIPT_LIMIT, interrupt)?;
        if said.code == Some(0) {
            return Ok(());
        }
        failed(format!("the CRM's address does not publish: {}", said.complaint()))
    }

    /// The reader, who is not the containers' usual user, takes a mail out of the maildir that belongs to it.
    fn mail_comes_back(&self) -> Result<()> {
        let mail = self.maildir.join("new/1.example");
        write(&mail, "From: <>\nTo: b+unknown@bounce.example.com\nSubject: returned\n\nIt came back.\n")?;
        chown(&mail, Some(MAILDIR_USER), Some(MAILDIR_USER))
            .context(|| "cannot give a mail away".to_owned())?;
        if holds_within(READ_LIMIT, || !mail.exists()) {
            println!("  the reader has moved a mail of the maildir that belongs to {MAILDIR_USER}");
            return Ok(());
        }
        failed(format!("the reader left {} where it was for {} s", mail.display(), READ_LIMIT.as_secs()))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}
