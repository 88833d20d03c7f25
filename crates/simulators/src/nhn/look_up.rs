//! The look-ups: a list by reference or date, one message, and the results of a time.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::Value;
use time::{
    Duration, OffsetDateTime, PrimitiveDateTime, format_description::BorrowedFormatItem,
    macros::format_description,
};

use super::{
    answers,
    codes::ResultCode,
    messages::{Key, Messages, SentSms},
    server::check_access,
    state::{KOREAN_TIME, NhnState},
};
use crate::lock::locked;

const PAGE_SIZE_DEFAULT: usize = 15;
const PAGE_SIZE_MAX: usize = 1_000;
const LIST_RANGE_MAX: Duration = Duration::days(31);
const RESULTS_RANGE_MAX: Duration = Duration::days(1);
const QUERY_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    request_id: Option<String>,
    start_request_date: Option<String>,
    end_request_date: Option<String>,
    start_create_date: Option<String>,
    end_create_date: Option<String>,
    recipient_no: Option<String>,
    msg_status: Option<String>,
    sender_grouping_key: Option<String>,
    recipient_grouping_key: Option<String>,
    country_code: Option<String>,
    page_num: Option<usize>,
    page_size: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SingleQuery {
    recipient_seq: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultsQuery {
    start_update_date: Option<String>,
    end_update_date: Option<String>,
    page_num: Option<usize>,
    page_size: Option<usize>,
}

pub(super) async fn list(
    State(state): State<Arc<NhnState>>,
    Path(app_key): Path<String>,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
) -> Json<Value> {
    state.count_request();
    let answer = check_access(&state, &app_key, &headers).and_then(|()| listed(&state, &query));
    Json(answer.unwrap_or_else(answers::refusal))
}

pub(super) async fn single(
    State(state): State<Arc<NhnState>>,
    Path((app_key, request_id)): Path<(String, String)>,
    headers: HeaderMap,
    Query(query): Query<SingleQuery>,
) -> Json<Value> {
    state.count_request();
    let answer = check_access(&state, &app_key, &headers).and_then(|()| {
        let seq = query.recipient_seq.ok_or(ResultCode::SEARCH_CONDITION)?;
        let messages = locked(&state.messages);
        let key = Key::Request(request_id);
        let mut of_request = messages.under(&key);
        let found = of_request.find(|message| message.recipient_seq == seq && message.was_accepted());
        found.map(answers::single).ok_or(ResultCode::REQUEST_ID)
    });
    Json(answer.unwrap_or_else(answers::refusal))
}

pub(super) async fn results(
    State(state): State<Arc<NhnState>>,
    Path(app_key): Path<String>,
    headers: HeaderMap,
    Query(query): Query<ResultsQuery>,
) -> Json<Value> {
    state.count_request();
    let answer = check_access(&state, &app_key, &headers).and_then(|()| {
        let window =
            window(query.start_update_date.as_deref(), query.end_update_date.as_deref(), RESULTS_RANGE_MAX)?
                .ok_or(ResultCode::SEARCH_CONDITION)?;
        let messages = locked(&state.messages);
        let updated = |message: &&SentSms| message.progress.result_at.is_some_and(|at| window.contains(at));
        let found: Vec<&SentSms> = messages.iter().filter(updated).collect();
        Ok(page(&found, query.page_num, query.page_size, answers::result_update))
    });
    Json(answer.unwrap_or_else(answers::refusal))
}

fn listed(state: &NhnState, query: &ListQuery) -> Result<Value, ResultCode> {
    let requested =
        window(query.start_request_date.as_deref(), query.end_request_date.as_deref(), LIST_RANGE_MAX)?;
    let created =
        window(query.start_create_date.as_deref(), query.end_create_date.as_deref(), LIST_RANGE_MAX)?;
    // The documents: where both are given, the date of sending is ignored.
    let window = created.or(requested);
    if query.request_id.is_none() && window.is_none() {
        return Err(ResultCode::QUERY_DATES);
    }
    let messages = locked(&state.messages);
    let matches = |message: &&SentSms| {
        message.was_accepted()
            && window.as_ref().is_none_or(|window| window.contains(message.at))
            && query.is_answered_by(message)
    };
    let found: Vec<&SentSms> = candidates(&messages, query).rev().filter(matches).collect();
    Ok(page(&found, query.page_num, query.page_size, answers::listed))
}

/// The messages that a query can mean, found by its narrowest reference.
fn candidates<'a>(
    messages: &'a Messages,
    query: &ListQuery,
) -> Box<dyn DoubleEndedIterator<Item = &'a SentSms> + 'a> {
    let key = None
        .or_else(|| query.recipient_grouping_key.clone().map(Key::RecipientGroup))
        .or_else(|| query.request_id.clone().map(Key::Request))
        .or_else(|| query.sender_grouping_key.clone().map(Key::SenderGroup));
    match key {
        Some(key) => Box::new(messages.under(&key).collect::<Vec<_>>().into_iter()),
        None => Box::new(messages.iter()),
    }
}

impl ListQuery {
    fn is_answered_by(&self, message: &SentSms) -> bool {
        same(&self.request_id, message.request_id.as_deref())
            && same(&self.sender_grouping_key, message.sender_grouping_key.as_deref())
            && same(&self.recipient_grouping_key, message.recipient_grouping_key.as_deref())
            && same(&self.recipient_no, Some(&message.recipient_no))
            && same(&self.country_code, Some(&message.country_code))
            && same(&self.msg_status, Some(message.progress.status.number()))
    }
}

fn same(asked: &Option<String>, known: Option<&str>) -> bool {
    asked.as_deref().is_none_or(|asked| known == Some(asked))
}

fn page(
    found: &[&SentSms],
    page_num: Option<usize>,
    page_size: Option<usize>,
    form: fn(&SentSms) -> Value,
) -> Value {
    let page_num = page_num.unwrap_or(1).max(1);
    let page_size = page_size.unwrap_or(PAGE_SIZE_DEFAULT).clamp(1, PAGE_SIZE_MAX);
    let skipped = (page_num - 1).saturating_mul(page_size);
    let data = found.iter().skip(skipped).take(page_size).map(|message| form(message)).collect();
    answers::page(page_num, page_size, found.len(), data)
}

/// A span of time, both ends included, in whole seconds.
struct Window {
    start: OffsetDateTime,
    end: OffsetDateTime,
}

impl Window {
    fn contains(&self, at: OffsetDateTime) -> bool {
        let second = at.replace_nanosecond(0).unwrap_or(at);
        self.start <= second && second <= self.end
    }
}

fn window(start: Option<&str>, end: Option<&str>, range_max: Duration) -> Result<Option<Window>, ResultCode> {
    let (Some(start), Some(end)) = (start, end) else { return Ok(None) };
    let window = Window { start: date(start)?, end: date(end)? };
    if window.end - window.start > range_max {
        return Err(ResultCode::QUERY_RANGE);
    }
    Ok(Some(window))
}

fn date(text: &str) -> Result<OffsetDateTime, ResultCode> {
    let local = PrimitiveDateTime::parse(text, QUERY_DATE).map_err(|_| ResultCode::DATE_FORMAT)?;
    Ok(local.assume_offset(KOREAN_TIME))
}
