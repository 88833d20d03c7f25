//! The OpenAPI 3.1 document of the advisor, made from the types of its questions, answers and refusals.

use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use closure_contract::{
    ConsultationId, FailureCode, JobId,
    job::{Cancel, DialJob, EmailJob, SmsJob},
    schema,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use super::{
    CancelValidity, Validity,
    jobs::{ConsultationAnswer, JobAnswer},
    refusal::{PROBLEM_JSON, Problem, Refusal},
    tokens::Right,
};
use crate::advice::{Cancelling, Decided};

/// The name of the document in `docs/contract`.
pub const FILE: &str = "openapi.json";

/// What is wrong with a body that is no message.
const MESSAGE_CODES: [FailureCode; 4] = [
    FailureCode::UnreadableBody,
    FailureCode::UnknownKind,
    FailureCode::UnsupportedVersion,
    FailureCode::WrongShape,
];

/// One thing that can be asked.
struct Operation {
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    question: Question,
    answer: Value,
    refusals: Vec<Refusal>,
}

/// How it is asked.
enum Question {
    /// `POST` with a message.
    Message(Value),
    /// `GET` with an id in the path: its name, its schema and an example.
    Id(&'static str, Value, &'static str),
}

impl Question {
    fn right(&self) -> Right {
        match self {
            Self::Message(_) => Right::Rules,
            Self::Id(..) => Right::Jobs,
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Message(_) => "post",
            Self::Id(..) => "get",
        }
    }
}

/// The document as the text of its file.
pub fn text() -> String {
    serde_json::to_string_pretty(&document()).expect("a document is JSON") + "\n"
}

/// The document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .with_transform(RecursiveTransform(schema::plain));
    let mut read = settings.clone().into_generator();
    let mut said = settings.for_serialize().into_generator();
    reference::<Problem>(&mut said);
    let mut paths = Map::new();
    for operation in operations(&mut read, &mut said) {
        let method = operation.question.method();
        paths.insert(operation.path.to_owned(), json!({ method: described(operation) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "closure-fleet, the advisor",
            "version": "1.0.0",
            "description": "What the rules say of a message before it is published, and what became of a job that was. \
                The guide for integrators is docs/integration.en.md.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "https://closure.example", "description": "Your operator gives the address." }],
        "paths": paths,
        "components": {
            "schemas": merged(&mut read, &mut said),
            "securitySchemes": { "rulesToken": bearer("advisor.token"), "jobsToken": bearer("advisor.jobs_token") },
        },
    })
}

fn operations(read: &mut SchemaGenerator, said: &mut SchemaGenerator) -> [Operation; 4] {
    let message = json!({ "anyOf": [
        reference::<SmsJob>(read), reference::<EmailJob>(read), reference::<DialJob>(read), reference::<Cancel>(read),
    ] });
    let message_refusals =
        vec![Refusal::CUT_OFF, Refusal::TIMED_OUT, Refusal::TOO_LARGE, Refusal::WRONG_MEDIA_TYPE];
    [
        Operation {
            path: "/v1/explain",
            id: "explain",
            summary: "Everything that the rules say of a message; nothing is kept or sent.",
            question: Question::Message(message.clone()),
            answer: either(reference::<Decided>(said), reference::<Cancelling>(said)),
            refusals: message_refusals.clone(),
        },
        Operation {
            path: "/v1/validate",
            id: "validate",
            summary: "Whether a message would be carried out; nothing is kept or sent.",
            question: Question::Message(message),
            answer: either(reference::<Validity>(said), reference::<CancelValidity>(said)),
            refusals: message_refusals,
        },
        Operation {
            path: "/v1/jobs/{job_id}",
            id: "job",
            summary: "What became of a job, without a number, an address or a text.",
            question: Question::Id(
                "job_id",
                reference::<JobId>(read),
                "8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01",
            ),
            answer: reference::<JobAnswer>(said),
            refusals: vec![Refusal::MALFORMED_JOB_ID, Refusal::JOB_UNKNOWN, Refusal::UNREADABLE_RECORD],
        },
        Operation {
            path: "/v1/consultations/{consultation_id}",
            id: "consultation",
            summary: "What became of the jobs of a consultation, the newest revision first.",
            question: Question::Id("consultation_id", reference::<ConsultationId>(read), "C-20261122-000042"),
            answer: reference::<ConsultationAnswer>(said),
            refusals: vec![
                Refusal::MALFORMED_CONSULTATION_ID,
                Refusal::CONSULTATION_UNKNOWN,
                Refusal::UNREADABLE_RECORD,
            ],
        },
    ]
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn either(job: Value, cancellation: Value) -> Value {
    json!({ "anyOf": [job, cancellation] })
}

/// The schemas of what is read and of what is said, by their names.
fn merged(read: &mut SchemaGenerator, said: &mut SchemaGenerator) -> Map<String, Value> {
    let mut all = read.take_definitions(true);
    for (name, schema) in said.take_definitions(true) {
        let other = all.get(&name);
        assert!(other.is_none_or(|other| *other == schema), "{name} is read otherwise than it is said");
        all.insert(name, schema);
    }
    all
}

fn bearer(key: &str) -> Value {
    json!({ "type": "http", "scheme": "bearer", "description": format!("The token that the operator has set as {key}.") })
}

fn described(operation: Operation) -> Value {
    let Operation { id, summary, question, answer, refusals, .. } = operation;
    let right = question.right();
    let mut parameters = vec![json!({
        "name": "Accept-Language", "in": "header", "schema": { "type": "string" }, "example": "ko",
        "description": "ko for Korean; every sentence for people is in English otherwise.",
    })];
    let mut described = Map::new();
    match question {
        Question::Message(schema) => {
            let example =
                schema::example(include_str!("../../../contract/fixtures/closure.sms.1-separated.json"));
            let content = json!({ "application/json": { "schema": schema, "example": example } });
            described.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
        Question::Id(name, schema, example) => parameters.push(json!({
            "name": name, "in": "path", "required": true, "schema": schema, "example": example,
        })),
    }
    let token = match right {
        Right::Rules => "rulesToken",
        Right::Jobs => "jobsToken",
    };
    described.insert("operationId".to_owned(), id.into());
    described.insert("summary".to_owned(), summary.into());
    described.insert("parameters".to_owned(), parameters.into());
    described.insert("security".to_owned(), json!([{ token: [] }]));
    described.insert("responses".to_owned(), responses(answer, right, refusals).into());
    described.into()
}

/// The answer, and every refusal that can stand in its place, by the status.
fn responses(answer: Value, right: Right, mut refusals: Vec<Refusal>) -> Map<String, Value> {
    refusals.extend([
        Refusal::UNAUTHORIZED,
        Refusal::without_right(right),
        Refusal::rate_limited(Duration::ZERO),
        Refusal::overloaded(),
        Refusal::NO_DATABASE,
    ]);
    let mut by_status: BTreeMap<StatusCode, Vec<(&str, &str)>> = BTreeMap::new();
    for refusal in refusals {
        let (status, code, problem) = refusal.described();
        by_status.entry(status).or_default().push((code, problem));
    }
    if right == Right::Rules {
        let of_message = MESSAGE_CODES.map(|code| (code.as_str(), code.what()));
        by_status.entry(StatusCode::BAD_REQUEST).or_default().extend(of_message);
    }
    let good = json!({
        "description": "The answer.",
        "headers": headers(StatusCode::OK),
        "content": { "application/json": { "schema": answer } },
    });
    let refused =
        by_status.into_iter().map(|(status, codes)| (status.as_str().to_owned(), problem(status, &codes)));
    std::iter::once((StatusCode::OK.as_str().to_owned(), good)).chain(refused).collect()
}

fn problem(status: StatusCode, codes: &[(&str, &str)]) -> Value {
    let lines: Vec<String> = codes.iter().map(|(code, problem)| format!("`{code}`: {problem}.")).collect();
    let names: Vec<&str> = codes.iter().map(|(code, _)| *code).collect();
    let this_one = json!({ "properties": {
        "status": { "const": status.as_u16() },
        "error": { "properties": { "code": { "enum": names } } },
    } });
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, this_one] });
    json!({
        "description": lines.join("\n"),
        "headers": headers(status),
        "content": { PROBLEM_JSON: { "schema": schema } },
    })
}

fn headers(status: StatusCode) -> Value {
    let header = |description: &str, schema: Value| json!({ "description": description, "required": true, "schema": schema });
    let mut headers = Map::new();
    let languages = json!({ "enum": ["en", "ko"] });
    headers.insert(
        "Content-Language".to_owned(),
        header("The language of the sentences for people.", languages),
    );
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let challenge = header("By RFC 6750.", json!({ "type": "string" }));
            headers.insert("WWW-Authenticate".to_owned(), challenge);
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = json!({ "type": "integer", "minimum": 1 });
            headers.insert("Retry-After".to_owned(), header("When to come again, in seconds.", seconds));
        }
        _ => {}
    }
    headers.into()
}
