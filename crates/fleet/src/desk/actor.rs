//! Who acts: a user, found by the account of the operating system or by a password.

use std::path::PathBuf;

use closure_store::{ActorProof, Right, User, UserState};
use nix::unistd;

use super::{acts::Act, password};
use crate::config;

/// What the command line says of who acts.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// The name that was given.
    pub name: Option<String>,
    /// A file with the password, where the account of the operating system is not the user's.
    pub password_file: Option<PathBuf>,
}

/// Who acts, and what proves it.
#[derive(Debug)]
pub struct Actor {
    /// The user; nobody where there are none, or where nobody knows who it is.
    pub user: Option<User>,
    /// The account on record.
    pub account: String,
    /// What proves that it was this one.
    pub proof: ActorProof,
    /// Where the process runs.
    pub place: String,
    /// The name under which what is done is signed.
    pub signature: String,
    /// Why this person may do nothing at all.
    unknown: Option<String>,
    /// The user whom somebody said to be, and was not proved to be.
    claimed: Option<String>,
}

/// What is known before any password is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Nobody is a user yet.
    NoUsers,
    /// One user, and what proves it.
    Known(User, ActorProof),
    /// A user whose password has to prove it.
    NeedsPassword(User),
    /// A user who was named, and why nobody acts as this one.
    Unproved(User, String),
    /// Nobody who may act.
    Unknown(String),
}

impl Actor {
    /// Finds out who acts, and asks for a password where nothing else proves it.
    pub(super) fn find(users: Vec<User>, who: &Who) -> Self {
        let os_account = os_account();
        let found = look_up(users, &os_account, who.name.as_deref());
        let found = match found {
            Found::NeedsPassword(user) => match password::ask(&user, who.password_file.as_deref()) {
                Ok(()) => Found::Known(user, ActorProof::Password),
                Err(problem) => {
                    let why = format!("`{}` was not proved: {problem}", user.name);
                    Found::Unproved(user, why)
                }
            },
            found => found,
        };
        Self::of(found, &os_account, who.name.as_deref())
    }

    fn of(found: Found, os_account: &str, name: Option<&str>) -> Self {
        let stranger = format!("cli:{os_account}");
        let (mut unknown, mut claimed) = (None, None);
        let (user, account, proof) = match found {
            Found::Known(user, proof) => (Some(user.clone()), user.name, proof),
            Found::NoUsers => (None, stranger, ActorProof::None),
            Found::Unknown(why) => {
                unknown = Some(why);
                (None, stranger, ActorProof::None)
            }
            Found::Unproved(user, why) => {
                (unknown, claimed) = (Some(why), Some(user.name));
                (None, stranger, ActorProof::None)
            }
            Found::NeedsPassword(user) => {
                unknown = Some(format!("`{}` was not proved", user.name));
                claimed = Some(user.name);
                (None, stranger, ActorProof::None)
            }
        };
        let signature = match &user {
            Some(user) => user.name.clone(),
            None => name.map_or_else(|| account.clone(), str::to_owned),
        };
        Self { user, account, proof, place: place(), signature, unknown, claimed }
    }

    /// What a refusal has as its purpose: whom somebody said to be, besides what they wanted it for.
    ///
    /// A name that is no user's is not put on record, because it may be anything.
    pub(super) fn refused(&self, purpose: Option<&str>) -> Option<String> {
        match (&self.claimed, purpose) {
            (None, purpose) => purpose.map(str::to_owned),
            (Some(name), None) => Some(format!("as `{name}`")),
            (Some(name), Some(purpose)) => Some(format!("as `{name}`: {purpose}")),
        }
    }

    /// The first right that is missing for an act, and what to do about it.
    ///
    /// Where nobody is a user everybody may do everything, as in an installation of before.
    pub(super) fn lacks(&self, act: Act) -> Option<(Right, String)> {
        if let Some(why) = &self.unknown {
            return Some((act.needs(), why.clone()));
        }
        let user = self.user.as_ref()?;
        let right = act.rights().iter().copied().find(|right| !user.may(*right))?;
        let (name, word) = (&user.name, right.as_str());
        let why = format!(
            "`{name}` lacks the right `{word}`; whoever has `configure` grants it: fleet users grant {name} {word}"
        );
        Some((right, why))
    }
}

fn look_up(users: Vec<User>, os_account: &str, name: Option<&str>) -> Found {
    if users.is_empty() {
        return Found::NoUsers;
    }
    let is_theirs = |user: &User| user.os_accounts.iter().any(|account| account == os_account);
    let active = |user: &&User| user.state == UserState::Active && is_theirs(user);
    let sharers = users.iter().filter(active).count();
    let proof = if sharers == 1 { ActorProof::OsAccount } else { ActorProof::SharedAccount };
    let Some(name) = name else {
        let why = match sharers {
            0 => format!("the account `{os_account}` is no user's; say who you are: --as NAME"),
            1 => String::new(),
            _ => format!("the account `{os_account}` has {sharers} users; say who you are: --as NAME"),
        };
        return match users.into_iter().find(|user| active(&user)) {
            Some(user) if sharers == 1 => Found::Known(user, proof),
            Some(_) | None => Found::Unknown(why),
        };
    };
    match users.into_iter().find(|user| user.name == name) {
        None => Found::Unknown(format!("there is no user `{name}`")),
        Some(user) if user.state == UserState::Disabled => {
            let why = format!("the user `{name}` is disabled");
            Found::Unproved(user, why)
        }
        Some(user) if is_theirs(&user) => Found::Known(user, proof),
        Some(user) => Found::NeedsPassword(user),
    }
}

/// The account of the operating system; its number where it has no name, as in many containers.
fn os_account() -> String {
    let uid = unistd::getuid();
    match unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => format!("uid-{uid}"),
    }
}

/// The host, and from where its terminal was reached; both as this process sees them.
fn place() -> String {
    let host =
        unistd::gethostname().map_or_else(|_| "?".to_owned(), |name| name.to_string_lossy().into_owned());
    match config::environment("SSH_CONNECTION").as_deref().and_then(|words| words.split(' ').next()) {
        Some(client) if !client.is_empty() => format!("{host} from {client}"),
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::Timestamp;
    use closure_store::{ActorProof, Right, User, UserId, UserState};

    use super::{Act, Actor, Found, look_up};

    fn user(name: &str, accounts: &[&str], rights: &[Right]) -> User {
        User {
            id: UserId(1),
            name: name.to_owned(),
            display_name: name.to_owned(),
            os_accounts: accounts.iter().map(|&account| account.to_owned()).collect(),
            password_hash: None,
            state: UserState::Active,
            rights: rights.to_vec(),
            created_by: String::new(),
            created_at: Timestamp::now(),
            changed_by: String::new(),
            changed_at: Timestamp::now(),
        }
    }

    fn known(found: Found) -> (String, ActorProof) {
        match found {
            Found::Known(user, proof) => (user.name, proof),
            other => panic!("{other:?}"),
        }
    }

    fn people() -> Vec<User> {
        let disabled = User { state: UserState::Disabled, ..user("gone", &["gone", "kim"], &[]) };
        vec![user("kim", &["kim", "desk"], &[]), user("lee", &["desk"], &[]), disabled]
    }

    #[test]
    fn an_account_that_is_one_users_alone_proves_who_it_is_and_a_shared_one_is_told_as_such() {
        assert_eq!(known(look_up(people(), "kim", None)), ("kim".to_owned(), ActorProof::OsAccount));
        assert_eq!(known(look_up(people(), "kim", Some("kim"))), ("kim".to_owned(), ActorProof::OsAccount));
        assert_eq!(
            known(look_up(people(), "desk", Some("lee"))),
            ("lee".to_owned(), ActorProof::SharedAccount)
        );
    }

    #[test]
    fn a_name_that_the_account_does_not_prove_needs_its_password() {
        assert!(
            matches!(look_up(people(), "kim", Some("lee")), Found::NeedsPassword(user) if user.name == "lee")
        );
        assert!(matches!(look_up(people(), "root", Some("lee")), Found::NeedsPassword(_)));
    }

    #[test]
    fn nobody_else_is_anybody() {
        for (account, name) in
            [("root", None), ("desk", None), ("kim", Some("park")), ("gone", Some("gone")), ("gone", None)]
        {
            let found = look_up(people(), account, name);
            assert!(matches!(found, Found::Unknown(_) | Found::Unproved(..)), "{account} {name:?}");
        }
    }

    #[test]
    fn a_refusal_says_which_user_somebody_said_to_be() {
        for (name, purpose, refused) in [
            (Some("lee"), Some("a test"), Some("as `lee`: a test")),
            (Some("lee"), None, Some("as `lee`")),
            (Some("gone"), None, Some("as `gone`")),
            (Some("kim"), Some("a test"), Some("a test")),
            (Some("+84912345678"), None, None),
            (None, Some("a test"), Some("a test")),
        ] {
            let actor = Actor::of(look_up(people(), "kim", name), "kim", name);
            assert_eq!(actor.refused(purpose).as_deref(), refused, "{name:?}");
        }
        let lee = user("lee", &["desk"], &[]);
        let wrong = Actor::of(Found::Unproved(lee, "the password is wrong".to_owned()), "kim", Some("lee"));
        assert_eq!(wrong.refused(None).as_deref(), Some("as `lee`"));
    }

    #[test]
    fn where_nobody_is_a_user_everybody_may_and_is_signed_as_said() {
        for (name, signature) in [(Some("kim"), "kim"), (None, "cli:root")] {
            let actor = Actor::of(look_up(Vec::new(), "root", name), "root", name);
            assert_eq!((actor.account.as_str(), actor.signature.as_str()), ("cli:root", signature));
            assert!(Act::ALL.iter().all(|act| actor.lacks(*act).is_none()));
        }
    }

    #[test]
    fn an_act_needs_every_one_of_its_rights() {
        for (rights, missing) in [
            (vec![Right::Edit], Some(Right::Replay)),
            (vec![Right::Replay], Some(Right::Edit)),
            (vec![Right::Edit, Right::Replay], None),
        ] {
            let found = look_up(vec![user("kim", &["kim"], &rights)], "kim", None);
            let lacks = Actor::of(found, "kim", None).lacks(Act::EditLetter);
            assert_eq!(lacks.map(|(right, _)| right), missing);
        }
        let stranger = Actor::of(look_up(people(), "root", None), "root", None);
        assert!(Act::ALL.iter().all(|act| stranger.lacks(*act).is_some()));
    }
}
