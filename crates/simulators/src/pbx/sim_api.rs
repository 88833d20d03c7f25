//! The PBX's records and switches over HTTP, without a password.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post, put},
};
use serde::Deserialize;

use super::{
    behaviour::{AgentBehaviour, CustomerBehaviour, PostBehaviour},
    cel_writer::CelSwitch,
    switchboard::{Leg, Ring, Switchboard},
};
use crate::rules::{Rule, Target};

/// One answer tells at most this many legs, the newest.
const RINGS_MAX: usize = 10_000;

type Board = State<Arc<Switchboard>>;

pub(super) fn routes() -> Router<Arc<Switchboard>> {
    Router::new()
        .route("/_sim/health", get(|| async { "ok" }))
        .route("/_sim/rings", get(rings))
        .route("/_sim/agents/{extension}", put(set_agent))
        .route("/_sim/rules/customers", post(add_customer_rule))
        .route("/_sim/rules/posts", post(add_post_rule))
        .route("/_sim/rules", axum::routing::delete(clear_rules))
        .route("/_sim/crash", post(crash))
        .route("/_sim/cel", put(set_cel))
}

#[derive(Deserialize)]
struct RingsQuery {
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentBody {
    behaviour: AgentBehaviour,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CelBody {
    cel: CelSwitch,
}

async fn rings(State(board): Board, Query(query): Query<RingsQuery>) -> Json<Vec<Ring>> {
    let mut found = board.rings();
    if let Some(digits) = &query.to {
        found.retain(|ring| ring.leg == Leg::Customer && ring.digits.ends_with(digits.as_str()));
    }
    let surplus = found.len().saturating_sub(RINGS_MAX);
    found.drain(..surplus);
    Json(found)
}

async fn set_agent(
    State(board): Board,
    Path(extension): Path<String>,
    Json(body): Json<AgentBody>,
) -> StatusCode {
    let target = Target::Exact(extension);
    board.add_agent_rule(Rule { target, behaviour: body.behaviour, times: None });
    StatusCode::NO_CONTENT
}

async fn add_customer_rule(State(board): Board, Json(rule): Json<Rule<CustomerBehaviour>>) -> StatusCode {
    board.add_customer_rule(rule);
    StatusCode::NO_CONTENT
}

async fn add_post_rule(State(board): Board, Json(rule): Json<Rule<PostBehaviour>>) -> StatusCode {
    board.add_post_rule(rule);
    StatusCode::NO_CONTENT
}

async fn clear_rules(State(board): Board) -> StatusCode {
    board.clear_rules();
    StatusCode::NO_CONTENT
}

async fn crash(State(board): Board) -> StatusCode {
    board.crash();
    StatusCode::NO_CONTENT
}

async fn set_cel(State(board): Board, Json(body): Json<CelBody>) -> StatusCode {
    board.cel.set(body.cel);
    StatusCode::NO_CONTENT
}
