//! The gateway's API: one text, one request, over connections that are kept.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Uri,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::{Problem, settings};

/// The registered sender of the shipped rulebook, as the gateway knows it.
const SENDER: &str = "0234518120";

/// The shape of a request, as the fleet's own adapter writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    body: &'a str,
    send_no: &'a str,
    sender_grouping_key: &'a str,
    recipient_list: [Recipient<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Recipient<'a> {
    international_recipient_no: &'a str,
    recipient_grouping_key: &'a str,
}

/// A request that asks for one text.
pub(crate) fn request(digits: &str, text: &str, key: &str) -> Option<Bytes> {
    let recipient = Recipient { international_recipient_no: digits, recipient_grouping_key: key };
    let text = Text { body: text, send_no: SENDER, sender_grouping_key: key, recipient_list: [recipient] };
    Some(serde_json::to_vec(&text).ok()?.into())
}

#[derive(Deserialize)]
struct Said<'a> {
    header: Header,
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    is_successful: bool,
    result_code: i64,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    request_id: &'a str,
    send_result_list: [SendResult; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendResult {
    result_code: i64,
    recipient_seq: u64,
}

/// The gateway, and the connections to it that nobody uses right now.
pub(crate) struct Gateway {
    authority: String,
    host: HeaderValue,
    path: Uri,
    secret: HeaderValue,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Gateway {
    /// By the fleet's own variables; no connection is made.
    pub(crate) fn of_settings() -> Result<Self, Problem> {
        let base: Uri = settings::text("FLEET_SMS_NHN_BASE_URL")?.parse()?;
        let authority = base.authority().ok_or("the gateway's address names no host")?.to_string();
        let app_key = settings::text("FLEET_SMS_NHN_APP_KEY")?;
        Ok(Self {
            host: HeaderValue::from_str(&authority)?,
            authority,
            path: format!("/sms/v3.0/appKeys/{app_key}/sender/sms").parse()?,
            secret: HeaderValue::from_str(&settings::text("FLEET_SMS_NHN_SECRET_KEY")?)?,
            idle: Mutex::default(),
        })
    }

    /// Sends one text; answers the gateway's reference.
    pub(crate) async fn send(&self, body: Bytes) -> Result<String, Problem> {
        let mut connection = self.connection().await?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.path.clone())
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("X-Secret-Key", self.secret.clone())
            .body(Full::new(body))?;
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        if !status.is_success() {
            return Err(format!("the gateway answered {status}").into());
        }
        let Said { header, body: Body { data } } = serde_json::from_slice(&body)?;
        let [SendResult { result_code, recipient_seq }] = data.send_result_list;
        if !header.is_successful || header.result_code != 0 || result_code != 0 {
            return Err(format!("the gateway refused a text: {} {result_code}", header.result_code).into());
        }
        Ok(format!("{}:{recipient_seq}", data.request_id))
    }

    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>, Problem> {
        while let Some(mut kept) = self.kept() {
            if kept.ready().await.is_ok() {
                return Ok(kept);
            }
        }
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Whoever uses it hears how it ends.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
