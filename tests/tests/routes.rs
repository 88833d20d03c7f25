//! The way from each broker user to each work queue, with the rights that `deploy/rabbitmq/users.sh` gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use closure_broker::{
    BrokerError, BrokerSettings, Consumer, ConsumerSettings, TopologyError,
    topology::{self, Seen},
};
use closure_contract::topology::{WorkQueue, exchanges, queues};
use closure_tests::harness::{
    LONG, Services, Vhost, broker_rights, content, eventually, python,
    raw_amqp::{Properties, RawPublisher, Said, field, long},
    run,
};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What brings nothing for this long has nothing more.
const QUIET: Duration = Duration::from_secs(3);
const PASSWORD: &str = "routes-0123456789";
/// Keys that lead somewhere on some exchange, and one that leads nowhere.
const KEYS: [&str; 8] = ["sms", "email", "dial", "receipt", "cancel", "webhook", "closure.dial", "zzz"];
/// Exchanges that every broker has; the first one leads to every queue by its name.
const BROKERS_OWN: [&str; 3] = ["", "amq.direct", "amq.topic"];

/// Every user, and the work queues that it may reach.
const ROUTES: [(&str, &[&str]); 11] = [
    ("crm", &["closure.cancel", "closure.dial", "closure.email", "closure.sms"]),
    (
        "operator",
        &[
            "closure.cancel",
            "closure.dial",
            "closure.email",
            "closure.receipts",
            "closure.sms",
            "closure.webhooks",
        ],
    ),
    ("sms", &["closure.receipts", "closure.sms"]),
    ("email", &["closure.email"]),
    ("dial", &["closure.dial"]),
    ("fallback", &["closure.email"]),
    ("intake", &["closure.receipts"]),
    ("webhooks", &[]),
    ("dead", &[]),
    ("cancel", &[]),
    ("doctor", &[]),
];

/// Publishes under every key to every exchange; the message itself says who sent it.
async fn knock(uri: &str, user: &str) -> usize {
    let mut taken = 0;
    let known = exchanges();
    for exchange in known.iter().map(|exchange| exchange.name).chain(BROKERS_OWN) {
        // A refusal ends the connection, and then the exchange's other keys are refused as well.
        let mut publisher = RawPublisher::open(uri).await;
        for key in KEYS {
            let copies = field(b'A', &long(&field(b'S', &long(b"dial"))));
            let properties = Properties::default().headers(&[(b"CC", copies.clone()), (b"BCC", copies)]);
            match publisher.publish(exchange, key.as_bytes(), &properties, user.as_bytes()).await {
                Said::Confirmed => taken += 1,
                // The right to an exchange does not depend on the key.
                Said::Refused(why) => {
                    assert!(why.contains("ACCESS_REFUSED"), "{user} {exchange}: {why}");
                    break;
                }
            }
        }
    }
    taken
}

/// Who is in a queue, by the messages' own words; they are gone afterwards.
async fn senders(vhost: &Vhost, queue: &'static str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // A queue with a single active consumer answers no `basic.get`.
    if queue == WorkQueue::Webhooks.name() {
        let broker = BrokerSettings::new(vhost.uri.clone(), "routes");
        let settings =
            ConsumerSettings { broker, queue, prefetch: 500, watchdog_ms: 60_000, in_hand_max_ms: 60_000 };
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let mut consumer = Consumer::start(settings, stop.clone(), stop.clone(), &tracker);
        while let Ok(Some(incoming)) = tokio::time::timeout(QUIET, consumer.deliveries.recv()).await {
            found.insert(String::from_utf8_lossy(&incoming.message.body).into_owned());
            incoming.settler.ack();
        }
        stop.cancel();
        return found;
    }
    loop {
        let taken = vhost.take(queue, 500).await;
        if taken.is_empty() {
            return found;
        }
        found.extend(taken);
    }
}

#[test]
fn the_way_from_each_broker_user_to_each_channel_is_only_its_own() {
    run(async {
        let services = Services::from_environment();
        let name = format!("routes-{}", uuid::Uuid::new_v4().simple());
        let vhost = Vhost::create(&services, &name).await;
        let owner = BrokerSettings::new(vhost.uri.clone(), "routes");
        topology::apply(&owner).await.expect("the topology is applied");
        let permissions = broker_rights("no").await;
        let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        // Each user waits for the broker's disk, and all of them at once wait no longer than one.
        let mut knocking = JoinSet::new();
        for (user, _) in ROUTES {
            let login = format!("{name}-{user}");
            vhost.add_user(&login, PASSWORD, &permissions[user]).await;
            let uri = vhost.uri_of(&services, &login, PASSWORD);
            knocking.spawn(async move { knock(&uri, user).await });
            reached.insert(user, BTreeSet::new());
        }
        knocking.join_all().await;
        // A longer delay leads where its queue says, which the broker itself tells.
        for queue in queues().iter().filter(|queue| queue.message_ttl_ms.is_some_and(|ttl_ms| ttl_ms > 1_000))
        {
            let key = queue.dead_letter_routing_key.expect("the way home is fixed");
            let home = WorkQueue::ALL.into_iter().find(|work| work.routing_key() == key).expect("a channel");
            for sender in senders(&vhost, queue.name).await {
                let user = ROUTES.iter().map(|(user, _)| *user).find(|user| *user == sender).expect("a user");
                reached.entry(user).or_default().insert(home.name());
            }
        }
        eventually("the shortest delays to end", LONG, || async {
            let shortest: Vec<&str> = queues()
                .iter()
                .filter(|queue| queue.message_ttl_ms == Some(1_000))
                .map(|queue| queue.name)
                .collect();
            let depths = topology::depths(&owner, &shortest).await.map_err(|problem| problem.to_string())?;
            if depths.iter().all(|depth| *depth == 0) { Ok(()) } else { Err(format!("{depths:?}")) }
        })
        .await;
        // What has left a delay is on its way through the broker for a moment longer.
        tokio::time::sleep(Duration::from_secs(1)).await;
        for queue in WorkQueue::ALL {
            for sender in senders(&vhost, queue.name()).await {
                let user = ROUTES.iter().map(|(user, _)| *user).find(|user| *user == sender).expect("a user");
                reached.entry(user).or_default().insert(queue.name());
            }
        }
        for (user, expected) in ROUTES {
            let reached: Vec<&str> = reached[user].iter().copied().collect();
            assert_eq!(reached, expected, "{user}");
            vhost.delete_user(&format!("{name}-{user}")).await;
        }
        vhost.delete().await;
    });
}

#[test]
fn the_doctors_user_sees_what_is_there_and_may_configure_nothing() {
    run(async {
        let services = Services::from_environment();
        let name = format!("doctor-{}", uuid::Uuid::new_v4().simple());
        let vhost = Vhost::create(&services, &name).await;
        let permissions = broker_rights("no").await;
        vhost.add_user(&name, PASSWORD, &permissions["doctor"]).await;
        let doctor = BrokerSettings::new(vhost.uri_of(&services, &name, PASSWORD), "routes");
        let missing = topology::look(&doctor).await.expect_err("there is nothing yet").to_string();
        assert!(missing.contains("queue closure.sms does not exist"), "{missing}");
        let owner = BrokerSettings::new(vhost.uri.clone(), "routes");
        topology::apply(&owner).await.expect("the topology is applied");
        let seen = topology::look(&owner).await.expect("it answers");
        assert!(seen.arguments && seen.depths.iter().all(|(_, ready)| *ready == Some(0)), "{seen:?}");
        let Seen { arguments, depths } = topology::look(&doctor).await.expect("it answers");
        assert!(!arguments, "it may configure nothing");
        for queue in [
            "closure.sms",
            "closure.email",
            "closure.dial",
            "closure.cancel",
            "closure.webhooks",
            "closure.sms.dead",
        ] {
            assert!(depths.contains(&(queue, Some(0))), "{queue}: {depths:?}");
        }
        let refused = topology::apply(&doctor).await.expect_err("it may not");
        assert!(matches!(refused, TopologyError::Broker(BrokerError::AccessRefused { .. })), "{refused}");
        vhost.delete_user(&name).await;
        vhost.delete().await;
    });
}

#[test]
fn the_crms_user_may_look_whether_its_queue_and_exchange_are_there_and_may_declare_nothing() {
    run(async {
        let services = Services::from_environment();
        let name = format!("declares-{}", uuid::Uuid::new_v4().simple());
        let vhost = Vhost::create(&services, &name).await;
        topology::apply(&BrokerSettings::new(vhost.uri.clone(), "routes")).await.expect("it is applied");
        vhost.declare_queue("crm.outcomes", &serde_json::json!({ "x-queue-type": "quorum" })).await;
        vhost.add_user(&name, PASSWORD, &broker_rights("no").await["crm"]).await;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/declares.py");
        let mut asker = python(&program);
        asker.env("CLOSURE_AMQP", vhost.uri_of(&services, &name, PASSWORD));
        let said = content(asker).await;
        let expected = [
            "passive queue is allowed",
            "passive exchange is allowed",
            "queue 403",
            "queue of another name 403",
            "exchange 403",
            "binding 403",
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected);
        vhost.delete_user(&name).await;
        vhost.delete().await;
    });
}

#[test]
fn an_earlier_releases_workers_keep_their_rights_only_while_a_person_says_so() {
    run(async {
        let (now, both) = (broker_rights("no").await, broker_rights("yes").await);
        for user in ["sms", "email", "dial"] {
            assert!(!now[user][1].contains("|retry\\.("), "{}", now[user][1]);
            assert!(both[user][1].contains("|retry\\.(1s"), "{}", both[user][1]);
        }
        assert!(!now["fallback"][1].contains("jobs") && both["fallback"][1].contains("jobs"));
    });
}
