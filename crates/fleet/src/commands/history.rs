//! `fleet history`: what was sent, counted by day, country, agent, gateway and state (발송이력).

use closure_contract::Timestamp;
use closure_store::{CountBy, CountedDeliveries, Counting, Store};
use time::{Date, Month};

use super::{
    Failure, Invocation,
    find::{searching, too_wide},
    printed::CountedHistory,
    show_as,
};
use crate::{
    cli::{ChannelName, CountName, History},
    config,
    desk::{self, Act, Desk},
    output,
};

/// A count of many days reads them all.
const COUNT_MS_MAX: u64 = 60_000;
/// At most so many days are counted at once.
const DAYS_MAX: i64 = 366;
/// A spreadsheet takes a cell that begins so for a formula, and runs it.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Prints the counts as a table, as JSON or as comma-separated values.
pub async fn run(invocation: &Invocation, history: &History) -> Result<(), Failure> {
    let settings = config::load(invocation.config.as_ref(), config::database)?;
    let first = day(&history.since)?;
    let last = history.until.as_deref().map_or(Ok(first), day)?;
    let days = (last - first).whole_days() + 1;
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Failure::Input(format!(
            "from {first} to {last} are {days} days; name 1 to {DAYS_MAX} of them"
        )));
    }
    let desk = Desk::open(Store::new(searching(settings, COUNT_MS_MAX))?, &invocation.who).await?;
    let counted = desk::subject("days", format!("{first} to {last}"));
    if history.csv {
        desk.note(Act::ExportHistory, counted, None).await?;
    } else {
        desk.look(Act::CountHistory, counted).await?;
    }
    let (store, zone) = (desk.store(), &history.time_zone);
    let midnight = async |day: Date| -> Result<Timestamp, Failure> {
        store.midnight(zone, day).await?.ok_or_else(|| {
            Failure::Input(format!("the database knows no time zone `{zone}`; name one such as Asia/Seoul"))
        })
    };
    let counting = Counting {
        since: midnight(first).await?,
        until: midnight(last.next_day().unwrap_or(last)).await?,
        time_zone: zone.clone(),
        by: history.by.iter().copied().map(CountName::count_by).collect(),
        channel: history.channel.map(ChannelName::channel),
        country_code: history.country,
        agent_id: history.agent.clone(),
    };
    let (rows, has_more) = store.count_deliveries(&counting).await.map_err(too_wide)?;
    if history.csv {
        output::lines(csv(&rows)?.trim_end());
        if has_more {
            return Err(Failure::Refused("there are more rows than these; name fewer days".to_owned()));
        }
        return Ok(());
    }
    let total = rows.iter().map(|row| row.count).sum();
    let counted = CountedHistory { rows, total, has_more };
    show_as(invocation.style, &counted, text);
    Ok(())
}

const HEADINGS: [&str; 7] = ["day", "channel", "country", "agent", "gateway", "state", "count"];

fn cells(row: &CountedDeliveries) -> [String; 7] {
    [
        row.day.clone().unwrap_or_default(),
        row.channel.to_string(),
        row.country_code.map(|code| code.to_string()).unwrap_or_default(),
        row.agent_id.clone().unwrap_or_default(),
        row.provider.map(|provider| provider.to_string()).unwrap_or_default(),
        row.state.map(|state| state.to_string()).unwrap_or_default(),
        row.count.to_string(),
    ]
}

fn text(counted: &CountedHistory) {
    output::table(&HEADINGS, counted.rows.iter().map(|row| cells(row).to_vec()).collect());
    output::line(format!("{} in all", counted.total));
    if counted.has_more {
        output::line("there are more rows than these; name fewer days, or tell them apart by less");
    }
}

/// The rows for a spreadsheet; a cell that it would take for a formula begins with an apostrophe.
fn csv(rows: &[CountedDeliveries]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |problem: &dyn std::fmt::Display| Failure::Internal(problem.to_string());
    writer.write_record(HEADINGS).map_err(|problem| failed(&problem))?;
    for row in rows {
        writer.write_record(cells(row).map(safe)).map_err(|problem| failed(&problem))?;
    }
    let bytes = writer.into_inner().map_err(|problem| failed(&problem))?;
    String::from_utf8(bytes).map_err(|problem| failed(&problem))
}

fn safe(cell: String) -> String {
    if cell.starts_with(FORMULA_STARTS) { format!("'{cell}") } else { cell }
}

/// A day as it is typed.
fn day(text: &str) -> Result<Date, Failure> {
    let wrong = || Failure::Input(format!("`{text}` is no day; write it as 2026-11-29"));
    let mut parts = text.splitn(3, '-');
    let mut part = || parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (Some(year), Some(month), Some(day)) = (part(), part(), part()) else { return Err(wrong()) };
    let year: i32 = year.parse().map_err(|_| wrong())?;
    let month: u8 = month.parse().map_err(|_| wrong())?;
    let month = Month::try_from(month).map_err(|_| wrong())?;
    let day: u8 = day.parse().map_err(|_| wrong())?;
    Date::from_calendar_date(year, month, day)
        .ok()
        .filter(|_| (1970..=9998).contains(&year))
        .ok_or_else(wrong)
}

impl CountName {
    fn count_by(self) -> CountBy {
        match self {
            Self::Day => CountBy::Day,
            Self::Country => CountBy::Country,
            Self::Agent => CountBy::Agent,
            Self::Gateway => CountBy::Gateway,
            Self::State => CountBy::State,
        }
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::Channel;

    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_text_and_a_comma_parts_none() {
        let row = |agent: &str| CountedDeliveries {
            day: Some("2026-11-29".to_owned()),
            channel: Channel::Sms,
            country_code: Some(84),
            agent_id: Some(agent.to_owned()),
            provider: None,
            state: None,
            count: 2,
        };
        for (agent, written) in [
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("kim, 민수", "\"kim, 민수\""),
        ] {
            let text = csv(&[row(agent)]).expect("it can be written");
            assert_eq!(
                text,
                format!("day,channel,country,agent,gateway,state,count\n2026-11-29,sms,84,{written},,,2\n")
            );
        }
    }

    #[test]
    fn a_day_is_read_as_it_is_written_and_nothing_else_is_one() {
        assert_eq!(day("2026-11-29").ok().map(|day| day.to_string()), Some("2026-11-29".to_owned()));
        for wrong in ["2026-11-31", "29.11.2026", "2026-11", "", "-1-1-1", "2026-13-01", "12026-01-01"] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
