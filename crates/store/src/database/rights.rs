//! What each database user may do with each table and function, and what of it is missing.

use std::fmt;

use super::row::Columns;
use crate::{error::StoreError, store::Store};

/// What each user may do with each table: S reads, I inserts, U updates, D deletes, T empties; with each function that
/// has more rights than its caller: X executes.
///
/// A capital is the whole row, a small letter some columns of it; a user that is not named may do nothing.
/// A table that is new stands here with nobody until somebody has decided.
/// `deploy/postgres/grants.sql` gives exactly this, and `fleet doctor` looks for what is missing of it.
pub const RIGHTS: &[(&str, &str)] = &[
    ("agent_call", "dial=SIu fleet=SIu"),
    ("app_user", "doctor=s operator=S"),
    ("attempt", "dead=Su dial=SIuD doctor=S email=SIuD fallback=S fleet=SIuD operator=S sms=SIuD"),
    // Nobody may change the record, and to add to it there is put_on_record() alone.
    ("audit", "operator=S"),
    ("backfill", "doctor=S operator=SIU"),
    ("brake", "doctor=S fallback=SIU fleet=SIU operator=Su"),
    ("brake_action", "operator=SI"),
    ("cel", "dial=S doctor=s fleet=S pbx=I"),
    ("circuit", "doctor=S email=SIUD fallback=SIUD fleet=SIUD operator=Su sms=SIUD"),
    ("contact_tally", "advisor=S dial=SIu email=SIu fallback=SuD fleet=SIuD operator=S sms=SIu"),
    (
        "dead_letter",
        "bounces=I dead=sIu dial=sIu doctor=s email=sIu fallback=sIu fleet=sIu operator=Su sms=sIu",
    ),
    ("dead_letter_action", "operator=SI"),
    ("delayed", "dial=SIuD doctor=S email=SIuD fleet=SIuD sms=SIuD"),
    (
        "delivery",
        "advisor=s bounces=su cancel=s dead=su dial=SIu doctor=s email=SIu fallback=SIu fleet=SIu operator=Su sms=SIu",
    ),
    ("delivery_edition", "operator=S"),
    ("earlier_word", "advisor=S operator=S"),
    ("job_return", "dead=SIUD dial=Su email=Su fleet=SIUD sms=Su"),
    ("letter_death", "operator=S"),
    ("letter_edition", "operator=S"),
    ("mail_recipient(uuid)", "bounces=X fleet=X"),
    ("owe(uuid,integer,integer)", "bounces=X dead=X dial=X email=X fallback=X fleet=X operator=X sms=X"),
    (
        "owed",
        "advisor=s bounces=su dead=SuD dial=SuD doctor=S email=SuD fallback=SuD fleet=SuD operator=SuD sms=SuD",
    ),
    ("owed_replays(text[],integer)", "dial=X email=X fleet=X sms=X"),
    ("put_on_record(jsonb)", "operator=X"),
    ("receipt", "bounces=I dial=Su doctor=s email=Su fallback=SIu fleet=SIu operator=S sms=Su"),
    (
        "recipient_key",
        "bounces=SI cancel=SI dead=SI dial=SI doctor=S email=SI fallback=SI fleet=SI operator=SI sms=SI",
    ),
    (
        "refinery_schema_history",
        "bounces=S cancel=S dead=S dial=S doctor=S email=S fallback=S fleet=S operator=S sms=S",
    ),
    ("sending_rate", "fleet=SIu sms=SIu"),
    ("suppression", "advisor=S bounces=SI dial=S email=S fleet=SI operator=SID sms=S"),
    ("suppression_action", "bounces=I fleet=I operator=SI"),
    (
        "template",
        "advisor=S bounces=S cancel=S dead=S dial=S doctor=S email=S fallback=S fleet=S operator=SIu sms=S",
    ),
    ("template_action", "operator=SI"),
    (
        "template_register",
        "advisor=S bounces=S cancel=S dead=S dial=S doctor=S email=S fallback=S fleet=S operator=Su sms=S",
    ),
    ("tombstone", "advisor=S cancel=SIU dial=Siu email=Siu fallback=S fleet=SIU operator=SD sms=Siu"),
    ("tombstone_action", "operator=SI"),
    ("user_right", "doctor=S operator=S"),
];

/// A table or function that is not there, or what a user may not do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// It is not there.
    Object {
        /// Its name, a function's with the types that it takes.
        name: String,
    },
    /// The user lacks privileges on it that its role needs.
    Right {
        /// The database user.
        user: String,
        /// The table or function.
        object: String,
        /// The privileges, in PostgreSQL's words.
        privileges: String,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { name } => write!(
                f,
                "the {} is not there; if it was renamed or dropped, bring it back, and if this release is \
                 new, run `fleet migrate` as closure_owner; messages wait meanwhile",
                described(name)
            ),
            Self::Right { user, object, privileges } => write!(
                f,
                "{user} lacks {privileges} on the {}; run deploy/postgres/grants.sql as closure_owner; \
                 messages wait meanwhile",
                described(object)
            ),
        }
    }
}

impl Missing {
    /// What is ill, in a few words.
    pub fn subject(&self) -> String {
        match self {
            Self::Object { name } => described(name),
            Self::Right { user, .. } => format!("rights of {user}"),
        }
    }
}

/// A table or a function, in words.
fn described(object: &str) -> String {
    format!("{} {object}", if object.contains('(') { "function" } else { "table" })
}

impl Store {
    /// The tables of this release that are not there, and the rights that its roles' own users lack.
    ///
    /// Rights are looked for where `grants.sql` has given any: an installation with one user for everything has none.
    pub async fn missing(&self) -> Result<Vec<Missing>, StoreError> {
        let (mut objects, mut roles, mut privileges, mut whole) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (object, role, letter) in wanted() {
            objects.push(object);
            roles.push(role);
            privileges.push(privilege(letter));
            whole.push(letter.is_ascii_uppercase());
        }
        let rows = self.database.query(MISSING, &[&objects, &roles, &privileges, &whole]).await?;
        let (mut missing, mut lacking, mut any_given) = (Vec::new(), Vec::new(), false);
        for row in &rows {
            let columns = Columns(row);
            let name: String = columns.get("place")?;
            any_given |= columns.get::<bool>("is_given")?;
            if columns.get::<bool>("is_gone")? {
                let gone = Missing::Object { name };
                if !missing.contains(&gone) {
                    missing.push(gone);
                }
            } else if let (Some(user), Some(privileges)) = (columns.get("role")?, columns.get("lacks")?) {
                lacking.push(Missing::Right { user, object: name, privileges });
            }
        }
        if any_given {
            missing.extend(lacking);
        }
        Ok(missing)
    }
}

/// Each right by itself: table, role and letter.
fn wanted() -> impl Iterator<Item = (&'static str, &'static str, char)> {
    RIGHTS.iter().flat_map(|(table, users)| {
        users
            .split(' ')
            .filter_map(|user| user.split_once('='))
            .flat_map(move |(role, letters)| letters.chars().map(move |letter| (*table, role, letter)))
    })
}

fn privilege(letter: char) -> &'static str {
    match letter.to_ascii_uppercase() {
        'S' => "SELECT",
        'I' => "INSERT",
        'U' => "UPDATE",
        'D' => "DELETE",
        'X' => "EXECUTE",
        _ => "TRUNCATE",
    }
}

/// A role that nobody has made has no rights and lacks none.
pub(crate) const MISSING: &str = "
SELECT
    place, role::text AS role,
    bool_and(found IS NULL) AS is_gone,
    coalesce(bool_or(given), false) AS is_given,
    string_agg(privilege, ', ' ORDER BY privilege) FILTER (WHERE NOT given) AS lacks
FROM (
    SELECT w.place, w.privilege, r.rolname AS role, t.found,
        CASE
            WHEN t.found IS NULL THEN NULL
            WHEN w.privilege = 'EXECUTE' THEN has_function_privilege(r.rolname, t.found, w.privilege)
            WHEN w.whole THEN has_table_privilege(r.rolname, t.found, w.privilege)
            ELSE has_any_column_privilege(r.rolname, t.found, w.privilege)
        END AS given
    FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS w (place, role, privilege, whole)
    CROSS JOIN LATERAL (
        SELECT CASE w.privilege WHEN 'EXECUTE' THEN to_regprocedure(w.place)::oid ELSE to_regclass(w.place)::oid END AS found
    ) AS t
    LEFT JOIN pg_roles AS r ON r.rolname = 'closure_' || w.role
) AS looked
GROUP BY place, role
ORDER BY place, role";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database::settings::StoreSettings, test_database::run};

    #[test]
    fn a_table_that_is_not_there_is_named_and_nothing_else() {
        run(async |database| {
            let settings = StoreSettings { url: database.url(), ..StoreSettings::default() };
            let store = Store::new(settings).expect("the test's settings are valid");
            assert_eq!(store.missing().await, Ok(vec![]));
            database.execute("ALTER TABLE receipt RENAME TO elsewhere").await;
            let gone = Missing::Object { name: "receipt".to_owned() };
            assert_eq!(store.missing().await, Ok(vec![gone]));
        });
    }

    #[test]
    fn each_letter_is_one_right() {
        let of_brake: Vec<_> = wanted().filter(|(table, _, _)| *table == "brake").collect();
        assert_eq!(of_brake.len(), "S SIU SIU Su".replace(' ', "").len());
        assert!(wanted().all(|(_, _, letter)| "SIUDTXsiu".contains(letter)));
    }
}
