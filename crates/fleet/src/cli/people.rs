//! The command line of the users and of the record of what they did.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use closure_contract::Timestamp;
use closure_store::Right;

use crate::desk;

/// Who acts; without a word the account of the operating system says it.
#[derive(Debug, Args)]
pub struct Acting {
    /// Act as this user; what proves it is the account of the operating system, or else the user's password. Where nobody
    /// is a user yet, the name alone goes on record. FLEET_ACTOR is its former name.
    #[arg(long = "as", global = true, visible_alias = "actor", env = "FLEET_USER", value_name = "NAME")]
    // An argument that every command has is of no name that one of them has.
    pub acting_as: Option<String>,
    /// A file with that user's password, for where no terminal can ask for it; `-` is standard input.
    #[arg(long, global = true, env = "FLEET_USER_PASSWORD_FILE", value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Showing what is masked otherwise.
#[derive(Debug, Args)]
pub struct Reveal {
    /// Show numbers, addresses and texts as they are; it goes on record, with its purpose.
    #[arg(long, requires = "purpose")]
    pub reveal: bool,
    /// What they are needed for.
    #[arg(long, requires = "reveal")]
    pub purpose: Option<String>,
}

/// The users; changes need the database's owner, and `configure`.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// Add a user.
    Add {
        /// The name by which the user acts, for ever: a-z, 0-9, dots, dashes and underscores.
        #[arg(value_parser = user_name)]
        name: String,
        /// The name as people write it; the same without it.
        #[arg(long)]
        display_name: Option<String>,
        /// An account of the operating system whose processes act as this user; may be given several times.
        #[arg(long, value_name = "ACCOUNT")]
        os_account: Vec<String>,
        /// A right; may be given several times.
        #[arg(long, value_name = "RIGHT", value_parser = right)]
        grant: Vec<Right>,
        /// The first user, who gets `configure`: only while nobody has it.
        #[arg(long)]
        first: bool,
    },
    /// List the users with their rights.
    List,
    /// Grant rights.
    Grant {
        /// Whom.
        name: String,
        /// What.
        #[arg(required = true, value_parser = right)]
        rights: Vec<Right>,
    },
    /// Take rights away.
    Revoke {
        /// From whom.
        name: String,
        /// What.
        #[arg(required = true, value_parser = right)]
        rights: Vec<Right>,
    },
    /// Let a user do nothing any more; the name stays on record.
    Disable {
        /// Whom.
        name: String,
    },
    /// Let a user do again what was granted.
    Enable {
        /// Whom.
        name: String,
    },
    /// Let the processes of an account of the operating system act as a user, or no longer.
    Account {
        /// Which user.
        name: String,
        /// Which account.
        account: String,
        /// No longer.
        #[arg(long)]
        remove: bool,
    },
    /// Set a user's password, read from the terminal, from standard input or from a file.
    Password {
        /// Whose.
        name: String,
        /// A file with the new password on its first line.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// The record of what people did.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List its rows, the latest first.
    List {
        /// What this account did.
        #[arg(long)]
        account: Option<String>,
        /// Acts of this name, such as letter.replay, or of this kind, such as letter.
        #[arg(long)]
        act: Option<String>,
        /// What was about this subject, such as a letter's number.
        #[arg(long)]
        subject: Option<String>,
        /// Rows before this one.
        #[arg(long, value_name = "ROW")]
        before: Option<i64>,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Walk along the whole chain, and name the first row that does not fit.
    Verify {
        /// A hash that this command printed before and that was kept elsewhere; it must still be that of a row.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// The report of a month: what each account did, revealed, took out and was refused.
    Review {
        /// The month in Korean time, such as 2026-11; the last one without it.
        #[arg(long, value_name = "MONTH", value_parser = month)]
        month: Option<Month>,
    },
}

/// From its first moment to the first moment of the next one, in Korean time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment of the next one.
    pub to: Timestamp,
}

/// The time of the day in Korea, where the people work whose acts are reviewed.
const KOREAN_TIME: &str = "+09:00";

impl Month {
    /// A month of a year.
    pub fn of(year: i32, month: u8) -> Option<Self> {
        let first = |year: i32, month: u8| -> Option<Timestamp> {
            serde_json::from_value(format!("{year:04}-{month:02}-01T00:00:00{KOREAN_TIME}").into()).ok()
        };
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        Some(Self { from: first(year, month)?, to: first(next_year, next)? })
    }

    /// The month before the one of a moment.
    pub fn before(now: Timestamp) -> Option<Self> {
        let korean = now.0 + std::time::Duration::from_secs(9 * 3_600);
        let (year, month) = (korean.year(), u8::from(korean.month()));
        if month == 1 { Self::of(year - 1, 12) } else { Self::of(year, month - 1) }
    }
}

fn month(text: &str) -> Result<Month, String> {
    let read =
        text.split_once('-').and_then(|(year, month)| Month::of(year.parse().ok()?, month.parse().ok()?));
    read.ok_or_else(|| "write a month as 2026-11".to_owned())
}

fn right(text: &str) -> Result<Right, String> {
    let right = Right::ALL.into_iter().find(|right| right.as_str() == text);
    right.ok_or_else(|| format!("`{text}` is no right; one of {}", desk::right_words()))
}

fn user_name(text: &str) -> Result<String, String> {
    let is_name = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte));
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 64 of a-z, 0-9, `.`, `_` and `-`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::Timestamp;

    use super::{Month, month, user_name};

    fn at(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).expect("a time")
    }

    #[test]
    fn a_month_is_that_of_korea() {
        let december = Month { from: at("2026-11-30T15:00:00Z"), to: at("2026-12-31T15:00:00Z") };
        assert_eq!(month("2026-12"), Ok(december));
        assert_eq!(Month::before(at("2026-12-31T15:00:00Z")), Some(december));
        assert_eq!(Month::before(at("2026-12-31T14:59:59Z")), month("2026-11").ok());
        for wrong in ["2026-13", "2026", "26-x", ""] {
            month(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn a_users_name_is_typed_on_any_keyboard() {
        user_name("kim.minji-2").expect("a name");
        for wrong in ["", "Kim", "cli:root", "김민지", "a b", &"a".repeat(65)] {
            user_name(wrong).expect_err(wrong);
        }
    }
}
