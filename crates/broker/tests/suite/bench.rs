use crate::support::*;
use closure_contract::topology::*;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bench() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        let mut consumer = vhost.consumer("closure.sms", 100);
        let t = std::time::Instant::now();
        let mut sent = std::collections::BTreeSet::new();
        let mut got = std::collections::BTreeMap::<String, u32>::new();
        let p = publisher.part.clone();
        let sender = async {
            let mut errors = std::collections::BTreeMap::<String, u32>::new();
            while t.elapsed().as_secs() < 60 {
                let m = messages(20, JOBS, "sms");
                while let Err(e) = p.publish(m.clone()).await { *errors.entry(e.to_string()).or_default() += 1; eprintln!("{:?} {e} {:?}", t.elapsed(), p.health()); tokio::time::sleep(std::time::Duration::from_millis(200)).await; }
                sent.extend(m.into_iter().map(|m| m.message_id));
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            eprintln!("{errors:?}");
        };
        let receiver = async {
            loop {
                match tokio::time::timeout(std::time::Duration::from_secs(15), consumer.deliveries.recv()).await {
                    Ok(Some(i)) => { if i.settler.is_usable() { *got.entry(i.message.message_id.clone().unwrap()).or_default() += 1; i.settler.ack(); } }
                    _ if t.elapsed().as_secs() > 62 => break,
                    _ => eprintln!("{:?} nothing; {:?}", t.elapsed(), consumer.monitor.health()),
                }
            }
        };
        tokio::join!(sender, receiver);
        let dup: u32 = got.values().map(|n| n - 1).sum();
        eprintln!("sent {} got {} extra {dup} rebuilds {} lost settlements {}", sent.len(), got.len(), consumer.monitor.rebuilds(), consumer.monitor.settlements_lost());
        assert!(sent.iter().all(|id| got.contains_key(id)));
        consumer.end().await;
        publisher.end().await;
    }).await;
}
