//! A certificate that is not the server's: each kind in words of its own, at everybody whom we ask over TLS, and nothing
//! is sent.

use std::sync::Arc;

use closure_contract::FailureCode;
use closure_providers::{
    AriDial, AriSettings, PbxFault, Security, Sender, Smtp, SmtpSettings, Webhook, WebhookReply,
    WebhookSettings,
};
use rustls::ServerConfig;

use crate::{
    ari,
    smtp::envelope,
    smtp_tls::over_tls,
    support::{
        closed_port, install_tls,
        smtp::{Script, SmtpServer, TlsMode},
        tls::{Shown, TlsServer, shown},
    },
};

/// What a client says that was told whom to trust.
const WRONG: [(Shown, &str); 6] = [
    (Shown::Expired, "the server's certificate has expired"),
    (Shown::NotValidYet, "the server's certificate is not valid yet, by our clock"),
    (Shown::AnotherName, "the server's certificate is not for the name or address that we asked"),
    (Shown::AClients, "the server's certificate cannot be verified"),
    (Shown::AnotherAuthoritys, "is signed by an authority that is not trusted here"),
    (Shown::SelfSignedAuthority, "the server shows an authority's own certificate"),
];
/// A certificate that signed itself is its own authority where it is named as one.
const SOUND: [Shown; 2] = [Shown::Sound, Shown::SelfSigned];

/// What the PBX's adapter says of a server, if it is not content with its certificate.
async fn pbx_says(base_url: String, trusted: Option<String>) -> Option<String> {
    let settings = AriSettings { extra_roots_pem: trusted, ..ari::settings(base_url) };
    match AriDial::new(settings).expect("good settings").check().await {
        Err(PbxFault::Unreachable(what)) => Some(what.to_owned()),
        // It was answered, though not by a PBX.
        Err(PbxFault::Said(_)) => None,
        other => panic!("an empty object is no PBX: {other:?}"),
    }
}

async fn webhook_says(base_url: &str, trusted: Option<String>) -> Option<String> {
    install_tls();
    let webhook = Webhook::new(&WebhookSettings {
        url: format!("{base_url}/closure"),
        secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()],
        plain_http: closure_providers::PlainHttp::LoopbackOnly,
        extra_roots_pem: trusted,
        connect_timeout_ms: 5_000,
        total_timeout_ms: 20_000,
    });
    match webhook.expect("good settings").post("an-outcome", "{}").await {
        WebhookReply::Answered { status: 200, .. } => None,
        WebhookReply::Silent { was_sent: false, what } => Some(what.to_owned()),
        other => panic!("nothing was sent: {other:?}"),
    }
}

async fn mail_says(identity: Arc<ServerConfig>, trusted: Option<String>, mode: TlsMode) -> Option<String> {
    let script = Script { tls: mode, identity: Some(identity), ..Script::default() };
    let server = SmtpServer::start(vec![script]).await;
    let security = match mode {
        TlsMode::FromTheFirstByte => Security::ImplicitTls,
        TlsMode::AfterStartTls | TlsMode::Never => Security::StartTls,
    };
    let settings = SmtpSettings { extra_roots_pem: trusted, ..over_tls(server.port, security) };
    let sent = Smtp::new(&settings).expect("good settings").send(&envelope()).await;
    let mails: usize = server.heard().iter().map(|heard| heard.mails.len()).sum();
    assert_eq!(mails, usize::from(sent.is_ok()), "{mode:?}");
    sent.err().map(|failure| {
        assert_eq!(failure.code, FailureCode::MailServerUnavailable, "{mode:?}");
        failure.detail
    })
}

/// Everybody who can be told whom to trust, and what each says.
async fn everybody_says(what: Shown) -> Vec<(&'static str, Option<String>)> {
    let (identity, trusted) = shown(what);
    let server = TlsServer::start(Arc::clone(&identity)).await;
    let trusted = || Some(trusted.clone());
    let (after, at_once) = (TlsMode::AfterStartTls, TlsMode::FromTheFirstByte);
    vec![
        ("ARI", pbx_says(server.base_url(), trusted()).await),
        ("webhook", webhook_says(&server.base_url(), trusted()).await),
        ("STARTTLS", mail_says(Arc::clone(&identity), trusted(), after).await),
        ("implicit TLS", mail_says(identity, trusted(), at_once).await),
    ]
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_in_its_own_words_by_everybody_and_nothing_is_sent() {
    for (what, words) in WRONG {
        for (who, says) in everybody_says(what).await {
            let says = says.unwrap_or_else(|| panic!("{who} is content with {what:?}"));
            assert!(says.contains(words) && says.ends_with("nothing was sent"), "{who}, {what:?}: {says}");
        }
    }
    for what in SOUND {
        for (who, says) in everybody_says(what).await {
            assert_eq!(says, None, "{who}, {what:?}");
        }
    }
}

#[tokio::test]
async fn a_port_that_is_closed_or_speaks_no_tls_is_not_told_as_a_certificate() {
    let port = closed_port().await;
    let closed = pbx_says(format!("https://localhost:{port}"), None).await.expect("nobody answers");
    assert_eq!(closed, "no connection; nothing was sent");
    let plain = SmtpServer::start(vec![Script::default()]).await;
    let says = pbx_says(format!("https://localhost:{}", plain.port), None).await.expect("no TLS");
    assert!(says.starts_with("TLS failed, perhaps because the port speaks none"), "{says}");
    let settings = over_tls(plain.port, Security::ImplicitTls);
    let failure = Smtp::new(&settings).expect("good settings").send(&envelope()).await.expect_err("no TLS");
    assert!(
        failure.detail.contains("TLS failed, perhaps because the port speaks none"),
        "{}",
        failure.detail
    );
}
