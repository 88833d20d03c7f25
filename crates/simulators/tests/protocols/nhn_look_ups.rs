//! Asking the SMS gateway what became of a message.

use closure_simulators::{NhnSimSettings, NhnSimulator};
use serde_json::Value;
use time::{Duration, OffsetDateTime, macros::format_description, macros::offset};

use crate::{
    nhn::{gateway, post, quick, request_to, send, send_url},
    support::{client, until},
};

async fn ask(url: &str, query: &[(&str, &str)]) -> Value {
    let url = reqwest::Url::parse_with_params(url, query).expect("the gateway's address is a URL");
    let request = client().get(url).header("X-Secret-Key", NhnSimSettings::default().secret_key);
    let answer = request.send().await.expect("the gateway answers");
    answer.json().await.expect("the answer is JSON")
}

/// A date of the gateway: Korean wall-clock time, so many minutes from now.
fn date(minutes_from_now: i64) -> String {
    let at = OffsetDateTime::now_utc().to_offset(offset!(+9)) + Duration::minutes(minutes_from_now);
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"))
        .expect("a date has every part")
}

async fn delivered(gateway: &NhnSimulator, digits: &str) -> String {
    let answer = send(gateway, digits).await;
    until("the message is delivered", async || gateway.receipts_pending() == 0).await;
    answer["body"]["data"]["requestId"].as_str().expect("there is a reference").to_owned()
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_by_our_reference() {
    let gateway = gateway(quick()).await;
    assert!(post(&gateway, &request_to("84912340021")).await.is_err(), "there is no answer");
    let (from, to) = (date(-5), date(5));
    let window = [("startRequestDate", from.as_str()), ("endRequestDate", to.as_str())];
    let by = |key, value| [window[0], window[1], (key, value)];
    for (key, value) in
        [("recipientGroupingKey", "ref-84912340021"), ("senderGroupingKey", "sender-84912340021")]
    {
        let answer = ask(&send_url(&gateway), &by(key, value)).await;
        assert_eq!(answer["body"]["totalCount"], 1, "by {key}");
        assert_eq!(answer["body"]["data"][0]["recipientNo"], "84912340021");
    }
    let nothing = ask(&send_url(&gateway), &by("recipientGroupingKey", "another")).await;
    assert_eq!(nothing["header"]["resultCode"], 0);
    assert_eq!(nothing["body"]["totalCount"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn a_message_that_was_never_accepted_is_not_found() {
    let gateway = gateway(quick()).await;
    assert!(post(&gateway, &request_to("84912340028")).await.is_err(), "there is no answer");
    let (from, to) = (date(-5), date(5));
    let query = [
        ("startRequestDate", from.as_str()),
        ("endRequestDate", to.as_str()),
        ("recipientGroupingKey", "ref-84912340028"),
    ];
    assert_eq!(ask(&send_url(&gateway), &query).await["body"]["totalCount"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn one_message_tells_its_carriers_receipt_and_the_list_does_not() {
    let gateway = gateway(quick()).await;
    let request_id = delivered(&gateway, "84912340002").await;
    let single = ask(&format!("{}/{request_id}", send_url(&gateway)), &[("recipientSeq", "1")]).await;
    let data = &single["body"]["data"];
    assert_eq!(data["msgStatus"], "0");
    assert_eq!(data["resultCode"], "4005");
    assert_eq!(data["dlr"]["dlrStatus"], "FAILED");
    assert_eq!(data["dlr"]["errorCode"], "3");
    assert_eq!(data["countryCode"], "84");
    let list = ask(&send_url(&gateway), &[("requestId", &request_id)]).await;
    assert_eq!(list["body"]["data"][0]["msgStatus"], "0");
    assert_eq!(list["body"]["data"][0].get("dlr"), None);
    let missing = ask(&format!("{}/unknown", send_url(&gateway)), &[("recipientSeq", "1")]).await;
    assert_eq!(missing["header"]["resultCode"], -2008);
    gateway.stop().await;
}

#[tokio::test]
async fn a_list_needs_a_reference_or_a_window_of_a_month_at_most() {
    let gateway = gateway(quick()).await;
    send(&gateway, "84912340001").await;
    let (now, soon, long_ago) = (date(0), date(5), date(-60 * 24 * 40));
    let past = date(-30);
    type Query<'a> = &'a [(&'a str, &'a str)];
    let table: [(Query<'_>, i64, Option<u64>); 6] = [
        (&[], -2011, None),
        (&[("startRequestDate", &past)], -2011, None),
        (&[("startRequestDate", &long_ago), ("endRequestDate", &now)], -4000, None),
        (&[("startRequestDate", "yesterday"), ("endRequestDate", &now)], -2000, None),
        (&[("startCreateDate", &past), ("endCreateDate", &soon)], 0, Some(1)),
        (&[("startRequestDate", &long_ago), ("endRequestDate", &long_ago)], 0, Some(0)),
    ];
    for (query, code, total) in table {
        let answer = ask(&send_url(&gateway), query).await;
        assert_eq!(answer["header"]["resultCode"], code, "{query:?}");
        assert_eq!(answer["body"]["totalCount"].as_u64(), total, "{query:?}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_list_comes_in_pages_newest_first() {
    let gateway = gateway(quick()).await;
    for index in 0..7 {
        send(&gateway, &format!("8491234100{index}")).await;
    }
    let (from, to) = (date(-5), date(5));
    let page = async |number: &str| {
        let query = [
            ("startRequestDate", from.as_str()),
            ("endRequestDate", to.as_str()),
            ("pageNum", number),
            ("pageSize", "5"),
        ];
        let answer = ask(&send_url(&gateway), &query).await;
        assert_eq!(answer["body"]["totalCount"], 7);
        let data = answer["body"]["data"].as_array().cloned().unwrap_or_default();
        let mut numbers = data.iter().filter_map(|message| message["recipientNo"].as_str());
        (numbers.next().unwrap_or_default().to_owned(), data.len())
    };
    assert_eq!(page("1").await, ("84912341006".to_owned(), 5));
    assert_eq!(page("2").await, ("84912341001".to_owned(), 2));
    assert_eq!(page("3").await, (String::new(), 0));
    gateway.stop().await;
}

#[tokio::test]
async fn results_are_found_by_the_time_of_the_result() {
    let gateway = gateway(quick()).await;
    let request_id = delivered(&gateway, "84912340001").await;
    send(&gateway, "84912340003").await;
    let url = send_url(&gateway).replace("/sender/sms", "/message-results");
    let (from, to, other) = (date(-5), date(5), date(-60 * 24 * 3));
    let answer = ask(&url, &[("startUpdateDate", &from), ("endUpdateDate", &to)]).await;
    assert_eq!(answer["body"]["totalCount"], 1);
    assert_eq!(answer["body"]["data"][0]["requestId"], request_id.as_str());
    let too_wide = ask(&url, &[("startUpdateDate", &other), ("endUpdateDate", &to)]).await;
    assert_eq!(too_wide["header"]["resultCode"], -4000);
    gateway.stop().await;
}
