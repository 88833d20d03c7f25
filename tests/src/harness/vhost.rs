//! A vhost of a test's own, through the broker's management API.

use std::time::Duration;

use serde_json::{Value, json};

use super::{environment::Services, http::request, wait::eventually};

/// The API may refuse for a moment while the broker starts.
const API_WAIT: Duration = Duration::from_secs(60);

/// A vhost.
pub struct Vhost {
    api: String,
    /// Its name.
    pub name: String,
    /// Its AMQP address.
    pub uri: String,
}

impl Vhost {
    /// Creates it, with all rights for the broker's default user.
    pub async fn create(services: &Services, name: &str) -> Self {
        let vhost = Self {
            api: format!("{}/api", services.rabbit_api.trim_end_matches('/')),
            name: name.to_owned(),
            uri: services.amqp_of(name),
        };
        vhost.send("PUT", &format!("vhosts/{name}"), &json!({})).await;
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        vhost.send("PUT", &format!("permissions/{name}/guest"), &all).await;
        vhost
    }

    /// Deletes it with everything in it.
    pub async fn delete(&self) {
        self.send("DELETE", &format!("vhosts/{}", self.name), &json!({})).await;
    }

    /// Deletes one of its queues.
    pub async fn delete_queue(&self, queue: &str) {
        self.send("DELETE", &format!("queues/{}/{queue}", self.name), &json!({})).await;
    }

    /// Declares a queue with arguments of the test's choice.
    pub async fn declare_queue(&self, queue: &str, arguments: &Value) {
        let body = json!({ "durable": true, "auto_delete": false, "arguments": arguments });
        self.send("PUT", &format!("queues/{}/{queue}", self.name), &body).await;
    }

    /// Takes away the binding, with no routing key, of a queue to an exchange.
    pub async fn unbind(&self, exchange: &str, queue: &str) {
        let path = format!("bindings/{}/e/{exchange}/q/{queue}/~", self.name);
        self.send("DELETE", &path, &json!({})).await;
    }

    /// How many messages are in the hands of consumers, as the broker's statistics say; they are a second old.
    pub async fn unacked(&self) -> Result<u64, String> {
        let url = format!("{}/vhosts/{}/channels?columns=messages_unacknowledged", self.api, self.name);
        let answer = request("GET", &url, &[], b"").await?;
        if answer.status != 200 {
            return Err(format!("the API answered {}", answer.status));
        }
        let list = answer.json();
        let channels = list.as_array().ok_or("the API answered no list")?;
        // A channel that was just opened has no statistics yet.
        Ok(channels.iter().map(|channel| channel["messages_unacknowledged"].as_u64().unwrap_or(0)).sum())
    }

    /// Closes every connection to this vhost, as an operator would.
    pub async fn close_connections(&self) {
        self.close_connections_of("").await;
    }

    /// Closes every connection to this vhost whose own name begins so; answers how many there were.
    pub async fn close_connections_of(&self, own_name: &str) -> usize {
        let url = format!("{}/vhosts/{}/connections?columns=name,user_provided_name", self.api, self.name);
        let answer = request("GET", &url, &[], b"").await.expect("the API answers");
        let list = answer.json();
        let all = list.as_array().expect("the API answers a list").iter();
        let named = all.filter(|connection| {
            connection["user_provided_name"].as_str().unwrap_or_default().starts_with(own_name)
        });
        let mut closed = 0;
        for connection in named {
            let name = connection["name"].as_str().expect("a connection has a name").replace(' ', "%20");
            let name = name.replace('>', "%3E");
            let gone = request("DELETE", &format!("{}/connections/{name}", self.api), &[], b"").await;
            // One that has closed by itself in the meantime is not there any more.
            closed += usize::from(gone.is_ok_and(|answer| answer.status == 204));
        }
        closed
    }

    /// Puts a message of this type, or of none, right into a queue.
    pub async fn put(&self, queue: &str, kind: Option<&str>, payload: &str) {
        let properties = kind.map_or(json!({}), |kind| json!({ "type": kind }));
        let body = json!({ "properties": properties, "routing_key": queue, "payload": payload, "payload_encoding": "string" });
        self.send("POST", &format!("exchanges/{}/amq.default/publish", self.name), &body).await;
    }

    /// Makes a user with these rights here: what it may configure, write and read.
    pub async fn add_user(&self, user: &str, password: &str, rights: &[String; 3]) {
        self.make_user(user, password).await;
        self.admit(user, rights).await;
    }

    /// Makes a user who may do nothing anywhere yet.
    pub(super) async fn make_user(&self, user: &str, password: &str) {
        self.send("PUT", &format!("users/{user}"), &json!({ "password": password, "tags": "" })).await;
    }

    /// Lets a user in, with these rights here.
    pub(super) async fn admit(&self, user: &str, [configure, write, read]: &[String; 3]) {
        let rights = json!({ "configure": configure, "write": write, "read": read });
        self.send("PUT", &format!("permissions/{}/{user}", self.name), &rights).await;
    }

    /// Deletes a user.
    pub async fn delete_user(&self, user: &str) {
        self.send("DELETE", &format!("users/{user}"), &json!({})).await;
    }

    /// This vhost's address for another user.
    pub fn uri_of(&self, services: &Services, user: &str, password: &str) -> String {
        let (_, place) = services.amqp.rsplit_once('@').expect("the address names a user");
        format!("amqp://{user}:{password}@{}/{}", place.trim_end_matches('/'), self.name)
    }

    /// Takes messages out of a queue, at most so many; answers their bodies.
    pub async fn take(&self, queue: &str, count: usize) -> Vec<String> {
        self.get(queue, count, "ack_requeue_false").await
    }

    /// Has messages delivered, at most so many, and gives them back as a broken connection does.
    pub async fn give_back(&self, queue: &str, count: usize) {
        self.get(queue, count, "reject_requeue_true").await;
    }

    async fn get(&self, queue: &str, count: usize, ackmode: &str) -> Vec<String> {
        let url = format!("{}/queues/{}/{queue}/get", self.api, self.name);
        let body = json!({ "count": count, "ackmode": ackmode, "encoding": "auto" }).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = request("POST", &url, &headers, body.as_bytes()).await.expect("the API answers");
        let list = answer.json();
        let messages = list.as_array().unwrap_or_else(|| panic!("{queue}: {list}"));
        messages.iter().map(|message| message["payload"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn send(&self, method: &str, path: &str, body: &Value) {
        let url = format!("{}/{path}", self.api);
        let bytes = body.to_string();
        let headers = [("Content-Type", "application/json")];
        eventually(&format!("{method} {path}"), API_WAIT, || async {
            let answer = request(method, &url, &headers, bytes.as_bytes()).await?;
            match answer.status {
                200..=299 => Ok(()),
                status => Err(format!("status {status}: {}", String::from_utf8_lossy(&answer.body))),
            }
        })
        .await;
    }
}
