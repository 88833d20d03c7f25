//! Hear, publish, answer.

use std::sync::Arc;

use bytes::Bytes;
use closure_contract::Timestamp;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Incoming};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Problem,
    batches::Batches,
    broker::{self, Link, Message},
    hooks, server, settings,
    tasks::Tasks,
};

const PATH: &str = "/receipts/nhn";
const SIGNATURE_HEADER: &str = "x-toast-webhook-signature";

/// The receipts of one body, and whom to tell that the broker has them.
struct Heard {
    messages: Vec<Message>,
    kept: oneshot::Sender<()>,
}

/// The door to the gateway's webhook.
#[derive(Clone)]
struct Door {
    secret: Arc<[u8]>,
    to: mpsc::UnboundedSender<Heard>,
}

/// Takes receipts until the stop.
pub(crate) async fn run(tasks: &Tasks, stop: &CancellationToken) -> Result<(), Problem> {
    let secret = settings::text("FLEET_INTAKE_NHN_SECRET")?;
    let link = Link::publishing().await?;
    let (to, heard) = mpsc::unbounded_channel();
    let door = Door { secret: secret.as_bytes().into(), to };
    let listener = TcpListener::bind(settings::intake_listen()?).await?;
    let serving = server::serve(listener, stop, move |request| {
        let door = door.clone();
        async move { door.answer(request).await }
    });
    tokio::try_join!(serving, publish_all(heard, &link, tasks))?;
    link.close().await
}

/// What came in several bodies goes out together.
async fn publish_all(
    heard: mpsc::UnboundedReceiver<Heard>,
    link: &Link,
    tasks: &Tasks,
) -> Result<(), Problem> {
    let mut batches = Batches::of(heard);
    while let Some(batch) = batches.next().await? {
        let channel = link.channel.clone();
        tasks.spawn(async move {
            let (messages, kept): (Vec<_>, Vec<_>) =
                batch.items.into_iter().map(|heard| (heard.messages, heard.kept)).unzip();
            let messages: Vec<Message> = messages.into_iter().flatten().collect();
            broker::publish(&channel, &messages).await?;
            for kept in kept {
                // A gateway that no longer waits brings them again.
                let _ = kept.send(());
            }
            drop(batch.in_hand);
            Ok(())
        });
    }
    Ok(())
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            PATH => {}
            server::READY_PATH => return server::answer(StatusCode::OK),
            _ => return server::answer(StatusCode::NOT_FOUND),
        }
        // NHN signs with one text for all bodies.
        let signature = request.headers().get(SIGNATURE_HEADER).map(|value| value.as_bytes());
        if signature != Some(&*self.secret) {
            return server::answer(StatusCode::UNAUTHORIZED);
        }
        let Ok(body) = request.into_body().collect().await else {
            return server::answer(StatusCode::BAD_REQUEST);
        };
        let Some(messages) = hooks::receipts(&body.to_bytes(), Timestamp::now()) else {
            return server::answer(StatusCode::BAD_REQUEST);
        };
        let (kept, is_kept) = oneshot::channel();
        if self.to.send(Heard { messages, kept }).is_ok() && is_kept.await.is_ok() {
            server::answer(StatusCode::OK)
        } else {
            server::answer(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
