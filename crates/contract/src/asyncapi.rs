//! The AsyncAPI 3.0 document of the CRM's side: what it may publish and what it hears, made from the message types
//! and the topology.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use crate::{
    cancel_outcome::CancelOutcome,
    job::{Cancel, Channel, DialJob, EmailJob, SmsJob},
    outcome::Outcome,
    schema::{self, plain},
    topology::{HEADER_ATTEMPT, HEADER_GENERATION, HEADER_TRACEPARENT, JOB_BYTES_MAX, OUTCOMES, WorkQueue},
};

/// The queue of the CRM in the example configurations.
const CRM_QUEUE: &str = "crm.outcomes";
/// A durable message, by AMQP 0-9-1.
const PERSISTENT: u8 = 2;

/// One kind of message on the CRM's side.
struct Message {
    key: &'static str,
    kind: &'static str,
    title: &'static str,
    example: &'static str,
    payload: fn(&mut SchemaGenerator) -> Value,
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// What the CRM publishes: every work queue but the receipts' and the webhooks', which are the fleet's own.
fn published() -> Vec<(WorkQueue, Message)> {
    let message = |queue| match queue {
        WorkQueue::Jobs(Channel::Sms) => Some(Message {
            key: "smsJob",
            kind: "closure.sms/1",
            title: "Answer by text message",
            example: include_str!("../fixtures/closure.sms.1-separated.json"),
            payload: reference::<SmsJob>,
        }),
        WorkQueue::Jobs(Channel::Email) => Some(Message {
            key: "emailJob",
            kind: "closure.email/1",
            title: "Answer by email",
            example: include_str!("../fixtures/closure.email.1.json"),
            payload: reference::<EmailJob>,
        }),
        WorkQueue::Jobs(Channel::Dial) => Some(Message {
            key: "dialJob",
            kind: "closure.dial/1",
            title: "Call the customer",
            example: include_str!("../fixtures/closure.dial.1.json"),
            payload: reference::<DialJob>,
        }),
        WorkQueue::Cancels => Some(Message {
            key: "cancel",
            kind: "closure.cancel/1",
            title: "Take an answer back",
            example: include_str!("../fixtures/closure.cancel.1.json"),
            payload: reference::<Cancel>,
        }),
        WorkQueue::Receipts | WorkQueue::Webhooks => None,
    };
    WorkQueue::ALL.into_iter().filter_map(|queue| Some((queue, message(queue)?))).collect()
}

/// What the CRM hears, each with its headers.
fn heard() -> [(Message, Value); 2] {
    let outcome = Message {
        key: "outcome",
        kind: "closure.outcome/1",
        title: "How a job ended",
        example: include_str!("../fixtures/closure.outcome.1.json"),
        payload: reference::<Outcome>,
    };
    let cancel_outcome = Message {
        key: "cancelOutcome",
        kind: CancelOutcome::KIND,
        title: "Whether a cancellation came in time",
        example: include_str!("../fixtures/closure.cancel-outcome.1.json"),
        payload: reference::<CancelOutcome>,
    };
    [(outcome, outcome_headers()), (cancel_outcome, cancel_outcome_headers())]
}

/// The document.
pub fn document() -> Value {
    // AsyncAPI's own schemas are draft 7 with references into its components.
    let mut generator = SchemaSettings::draft07()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .with_transform(RecursiveTransform(plain))
        .into_generator();
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for (queue, message) in published() {
        let key = message.key;
        let channel = format!("jobs.{}", queue.routing_key());
        channels.insert(channel.clone(), publishing_channel(queue, &message));
        operations.insert(format!("publish.{}", queue.routing_key()), publishing(&channel, key));
        messages
            .insert(key.to_owned(), described(&mut generator, &message, publishing_headers(message.kind)));
    }
    let heard = heard();
    let keys: Vec<&str> = heard.iter().map(|(message, _)| message.key).collect();
    channels.insert("outcomes".to_owned(), outcomes_channel(&keys));
    operations.insert("hear.outcomes".to_owned(), hearing(&keys));
    for (message, headers) in heard {
        messages.insert(message.key.to_owned(), described(&mut generator, &message, headers));
    }
    let schemas = generator.take_definitions(true);
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:closure-fleet:crm",
        "info": {
            "title": "closure-fleet, the CRM's side",
            "version": "1.0.0",
            "description": "The CRM publishes closure jobs and hears how each ended. \
                The guide for integrators is docs/integration.en.md.",
            "license": { "name": "MIT" },
        },
        "defaultContentType": "application/json",
        "servers": { "broker": {
            "host": "rabbitmq.example.com:5671",
            "protocol": "amqps",
            "protocolVersion": "0.9.1",
            "description": "RabbitMQ; its operator gives the address and the password of the user crm.",
            "security": [{ "$ref": "#/components/securitySchemes/password" }],
        } },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": { "password": { "type": "userPassword" } },
        },
    })
}

fn publishing_channel(queue: WorkQueue, message: &Message) -> Value {
    json!({
        "address": queue.routing_key(),
        "title": message.title,
        "description": format!("A body has at most {JOB_BYTES_MAX} bytes. It is accepted when the broker has confirmed it."),
        "servers": [{ "$ref": "#/servers/broker" }],
        "messages": { message.key: { "$ref": format!("#/components/messages/{}", message.key) } },
        "bindings": { "amqp": exchange(queue.exchange(), "direct") },
    })
}

fn exchange(name: &str, kind: &str) -> Value {
    let exchange = json!({ "name": name, "type": kind, "durable": true, "autoDelete": false });
    json!({ "is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0" })
}

fn publishing(channel: &str, message: &str) -> Value {
    json!({
        "action": "send",
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": "Publish with confirms; repeat the same bytes until one is confirmed.",
        "messages": [{ "$ref": format!("#/channels/{channel}/messages/{message}") }],
        "bindings": { "amqp": { "deliveryMode": PERSISTENT, "mandatory": true, "bindingVersion": "0.3.0" } },
    })
}

fn outcomes_channel(keys: &[&str]) -> Value {
    let messages: Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), json!({ "$ref": format!("#/components/messages/{key}") })))
        .collect();
    json!({
        "address": CRM_QUEUE,
        "title": "The CRM's queue of outcomes",
        "description": format!("Bound to the topic exchange {OUTCOMES} with #; \
            the routing key of an outcome is <channel>.<outcome>, such as sms.delivered, and that of an answer to a \
            cancellation cancel.<outcome>. Pass over a kind that you do not know."),
        "servers": [{ "$ref": "#/servers/broker" }],
        "messages": messages,
        "bindings": { "amqp": {
            "is": "queue",
            "queue": { "name": CRM_QUEUE, "durable": true, "exclusive": false, "autoDelete": false },
            "bindingVersion": "0.3.0",
        } },
    })
}

fn hearing(keys: &[&str]) -> Value {
    let messages: Vec<Value> =
        keys.iter().map(|key| json!({ "$ref": format!("#/channels/outcomes/messages/{key}") })).collect();
    json!({
        "action": "receive",
        "channel": { "$ref": "#/channels/outcomes" },
        "summary": "Commit an outcome with its outcome_id, then ack; a repeat has the same outcome_id.",
        "messages": messages,
        "bindings": { "amqp": { "ack": true, "bindingVersion": "0.3.0" } },
    })
}

fn described(generator: &mut SchemaGenerator, message: &Message, headers: Value) -> Value {
    let example = schema::example(message.example);
    json!({
        "name": message.kind,
        "title": message.title,
        "contentType": "application/json",
        "headers": headers,
        "payload": (message.payload)(generator),
        "examples": [{ "payload": example }],
        "bindings": { "amqp": { "messageType": message.kind, "bindingVersion": "0.3.0" } },
    })
}

/// The properties and headers that every message has.
fn headers(kind: &str, id: &str) -> Map<String, Value> {
    let property = |description: String| json!({ "type": "string", "description": description });
    let mut headers = Map::new();
    headers.insert("message_id".to_owned(), property(format!("The AMQP property: the body's {id}.")));
    headers.insert(
        "type".to_owned(),
        json!({ "type": "string", "const": kind, "description": "The AMQP property: the body's kind." }),
    );
    headers.insert(HEADER_TRACEPARENT.to_owned(), property("W3C trace context; optional.".to_owned()));
    headers
}

fn publishing_headers(kind: &str) -> Value {
    let id = if kind == "closure.cancel/1" { "cancel_id" } else { "job_id" };
    json!({ "type": "object", "properties": headers(kind, id) })
}

fn outcome_headers() -> Value {
    let mut properties = headers("closure.outcome/1", "outcome_id");
    for (name, description) in [
        (HEADER_ATTEMPT, "Which try, from 1."),
        (HEADER_GENERATION, "Which edition of the job, from 1; one more for each replay."),
    ] {
        let number = json!({ "type": "integer", "minimum": 1, "description": description });
        properties.insert(name.to_owned(), number);
    }
    json!({ "type": "object", "properties": properties, "required": ["message_id", "type"] })
}

fn cancel_outcome_headers() -> Value {
    let properties = headers(CancelOutcome::KIND, "outcome_id");
    json!({ "type": "object", "properties": properties, "required": ["message_id", "type"] })
}
