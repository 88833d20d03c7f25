//! Users, and the record of what they did.

use std::collections::BTreeSet;

use closure_contract::facts::{PersonalData, recipients::Recipient};
use closure_store::{
    ActorProof, AuditFilter, AuditVerdict, ChainBreak, LetterDeed, ListChange, NewAudit, NewSuppression,
    NewUser, ReplayError, Right, Store, StoreSettings, Subject, SuppressionSource, UserChange, UserError,
    UserState,
};

use crate::support::{TestDatabase, dead, run, settled};

fn entry(account: &str, act: &'static str, subject: &str) -> NewAudit {
    NewAudit {
        user: None,
        account: account.to_owned(),
        proof: ActorProof::OsAccount,
        place: "desk-1".to_owned(),
        needs: Right::Replay,
        act,
        subject: Subject { kind: "letter", id: subject.to_owned(), hash: Some(vec![1, 2, 255]) },
        purpose: Some("고객 문의 응대".to_owned()),
    }
}

async fn acts(store: &Store, count: usize) {
    for number in 0..count {
        let entry = entry("kim", "letter.reveal", &number.to_string());
        store.record(&entry, AuditVerdict::Done).await.expect("the database answers");
    }
}

/// What the record says became of each act, the oldest first.
async fn verdicts(store: &Store) -> Vec<(String, String)> {
    let filter = AuditFilter { limit: 100, ..AuditFilter::default() };
    let rows = store.audit(&filter).await.expect("the database answers");
    rows.into_iter().rev().map(|row| (row.act, row.verdict)).collect()
}

async fn broken(store: &Store, witness: Option<&str>) -> Option<(i64, ChainBreak)> {
    store.verify_audit(witness).await.expect("the database answers").broken
}

#[test]
fn what_two_processes_put_on_record_at_once_is_one_chain_without_a_gap() {
    run(async |database| {
        let (ours, theirs) = (database.store(), database.store());
        tokio::join!(acts(&ours, 40), acts(&theirs, 40), acts(&ours, 20));
        let check = ours.verify_audit(None).await.expect("the database answers");
        assert_eq!(
            (check.rows, check.first_id, check.last_id, check.broken),
            (100, Some(1), Some(100), None)
        );
        let head = check.head.expect("a chain with rows has a head");
        assert_eq!(broken(&ours, Some(&head)).await, None, "the head is one of its rows");
        acts(&ours, 1).await;
        assert_eq!(broken(&ours, Some(&head)).await, None, "and stays one when the chain grows");
    });
}

#[test]
fn a_row_that_its_owner_changed_is_the_first_that_does_not_fit() {
    for change in [
        "UPDATE audit SET account = 'lee' WHERE id = 7",
        "UPDATE audit SET at = at + interval '1 microsecond' WHERE id = 7",
        "UPDATE audit SET purpose = NULL WHERE id = 7",
        "UPDATE audit SET verdict = 'denied' WHERE id = 7",
        "UPDATE audit SET subject_hash = '\\x0102' WHERE id = 7",
        // What is moved from one column to the next keeps the same letters in the same order.
        "UPDATE audit SET account = 'ki', proof = 'mos_account' WHERE id = 7",
        "UPDATE audit SET hash = sha256('x') WHERE id = 7",
    ] {
        run(async |database| {
            let store = database.store();
            acts(&store, 10).await;
            assert_eq!(broken(&store, None).await, None);
            database.execute(change).await;
            assert_eq!(broken(&store, None).await, Some((7, ChainBreak::Changed)), "{change}");
        });
    }
}

#[test]
fn rows_that_were_taken_out_put_in_or_exchanged_are_found() {
    for (change, found) in [
        ("DELETE FROM audit WHERE id = 4", (5, ChainBreak::RowsMissing)),
        (
            "DELETE FROM audit WHERE id = 4; UPDATE audit SET id = id - 1 WHERE id > 4",
            (4, ChainBreak::DoesNotFollow),
        ),
        (
            "UPDATE audit SET id = -4 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = 5; UPDATE audit SET id = 5 WHERE id = -4",
            (4, ChainBreak::DoesNotFollow),
        ),
        ("UPDATE audit SET form = 2 WHERE id = 4", (4, ChainBreak::UnknownForm)),
    ] {
        run(async |database| {
            let store = database.store();
            acts(&store, 6).await;
            database.execute(change).await;
            assert_eq!(broken(&store, None).await, Some(found), "{change}");
        });
    }
}

#[test]
fn an_end_that_was_taken_away_is_found_by_a_hash_that_was_kept_elsewhere() {
    run(async |database| {
        let store = database.store();
        acts(&store, 6).await;
        let head = store.verify_audit(None).await.expect("the database answers").head;
        database.execute("DELETE FROM audit WHERE id > 4").await;
        assert_eq!(broken(&store, None).await, None, "what is left fits by itself");
        assert_eq!(broken(&store, head.as_deref()).await, Some((4, ChainBreak::WitnessMissing)));
    });
}

#[test]
fn a_chain_whose_oldest_rows_had_their_time_still_fits() {
    run(async |database| {
        let store = database.store();
        acts(&store, 6).await;
        database.execute("DELETE FROM audit WHERE id <= 3").await;
        let check = store.verify_audit(None).await.expect("the database answers");
        assert_eq!((check.rows, check.first_id, check.broken), (3, Some(4), None));
    });
}

#[test]
fn an_act_is_on_record_with_its_commit_and_with_nothing_else() {
    run(async |database| {
        let store = database.store();
        settled(&store, dead()).await;
        let letter = store.dead_letters(Default::default()).await.expect("the database answers").remove(0).id;
        let kim = store.on_record(entry("kim", "letter.replay", &letter.to_string()));
        let replay = kim
            .begin_replay(letter, LetterDeed::of("kim", "a test"), Some("edited".into()))
            .await
            .expect("begun");
        let again = kim.begin_replay(letter, LetterDeed::of("kim", "a test"), Some("another".into())).await;
        assert!(matches!(again, Err(ReplayError::NotOpen { .. })), "{again:?}");
        let list = store.on_record(entry("kim", "recipient.suppress", "a***@example.com"));
        let new = NewSuppression {
            recipient: Recipient::Email(PersonalData("a@example.com".to_owned())),
            masked: "a***@example.com".to_owned(),
            source: SuppressionSource::Operator,
            actor: "kim".to_owned(),
            reason: "a test".to_owned(),
        };
        assert_eq!(list.suppress(new.clone()).await, Ok(ListChange::Made));
        assert_eq!(list.suppress(new.clone()).await, Ok(ListChange::AsBefore));
        // A process that acts for nobody, such as the bounce reader, is on no record of people.
        assert_eq!(store.suppress(new).await, Ok(ListChange::AsBefore));
        let did = |act: &str, verdict: &str| (act.to_owned(), verdict.to_owned());
        let wanted = [
            did("letter.replay", "done"),
            did("letter.replay", "without_effect"),
            did("recipient.suppress", "done"),
            did("recipient.suppress", "without_effect"),
        ];
        assert_eq!(verdicts(&store).await, wanted);
        let first = AuditFilter { act: Some("letter".to_owned()), limit: 2, ..AuditFilter::default() };
        let row = store.audit(&first).await.expect("the database answers").pop().expect("the replay");
        assert!(row.before_hash.is_some() && row.before_hash != row.after_hash, "{row:?}");
        assert_eq!(row.subject_hash.as_deref(), Some("0102ff"));
        assert_eq!((&replay.body[..], row.database_user.as_str()), (&b"edited"[..], "postgres"));
        assert_eq!(broken(&store, None).await, None);
    });
}

#[test]
fn an_act_that_cannot_be_put_on_record_is_not_done() {
    run(async |database| {
        let store = database.store();
        settled(&store, dead()).await;
        let letter = store.dead_letters(Default::default()).await.expect("the database answers").remove(0).id;
        database.execute("ALTER TABLE audit ADD CHECK (account <> 'kim')").await;
        let kim = store.on_record(entry("kim", "letter.discard", &letter.to_string()));
        kim.discard(letter, LetterDeed::of("kim", "a test"), 0)
            .await
            .expect_err("nothing is done without its record");
        assert_eq!(database.count("SELECT count(*) FROM dead_letter WHERE state = 'open'").await, 1);
        assert_eq!(database.count("SELECT count(*) FROM dead_letter_action").await, 0);
    });
}

fn user(name: &str, rights: &[Right], is_first: bool) -> NewUser {
    NewUser {
        name: name.to_owned(),
        display_name: "김민지".to_owned(),
        os_accounts: vec![format!("os-{name}")],
        rights: rights.to_vec(),
        is_first,
    }
}

/// A store whose acts are a person's, as the commands about users have it.
fn by(database: &TestDatabase, account: &str) -> Store {
    database.store().on_record(entry(account, "user.change", "kim"))
}

#[test]
fn of_two_who_would_be_the_first_user_one_is_and_nobody_is_once_somebody_may_change_users() {
    run(async |database| {
        let (ours, theirs) = (by(database, "cli:root"), by(database, "cli:admin"));
        let (kim, lee) = (user("kim", &[Right::Configure], true), user("lee", &[Right::Configure], true));
        let (a, b) = tokio::join!(ours.add_user(&kim), theirs.add_user(&lee));
        let refused = [&a, &b].into_iter().filter(|one| matches!(one, Err(UserError::NotFirst(_)))).count();
        assert_eq!((refused, a.is_ok() != b.is_ok()), (1, true), "{a:?} {b:?}");
        assert_eq!(ours.users().await.map(|users| users.len()), Ok(1));
    });
}

#[test]
fn rights_are_granted_and_revoked_and_the_last_who_may_change_users_stays() {
    run(async |database| {
        let store = by(database, "cli:root");
        store.add_user(&user("kim", &[Right::Configure, Right::See], true)).await.expect("the first");
        store.add_user(&user("lee", &[Right::See], false)).await.expect("another");
        assert_eq!(store.add_user(&user("lee", &[], false)).await, Err(UserError::Exists("lee".to_owned())));
        let last = Err(UserError::LastOfAll("kim".to_owned()));
        assert_eq!(store.change_user("kim", &UserChange::Disable).await, last);
        assert_eq!(store.change_user("kim", &UserChange::Revoke(vec![Right::Configure])).await, last);
        let lee = store.change_user("lee", &UserChange::Grant(vec![Right::Configure, Right::Edit])).await;
        let rights = lee.expect("granted").rights;
        assert_eq!(rights, [Right::See, Right::Edit, Right::Configure]);
        let kim = store.change_user("kim", &UserChange::Disable).await.expect("lee is left");
        assert_eq!((kim.state, kim.may(Right::See)), (UserState::Disabled, false));
        assert_eq!(
            store.change_user("kim", &UserChange::Disable).await.expect("so already").changed_by,
            "cli:root"
        );
        let last = Err(UserError::LastOfAll("lee".to_owned()));
        assert_eq!(store.change_user("lee", &UserChange::Disable).await, last);
        let said: Vec<String> = verdicts(&store).await.into_iter().map(|(_, verdict)| verdict).collect();
        let (done, none) = ("done", "without_effect");
        assert_eq!(said, [done, done, none, none, none, done, done, none, none]);
    });
}

#[test]
fn an_account_and_a_password_are_changed_and_never_shown() {
    run(async |database| {
        let store = by(database, "cli:root");
        store.add_user(&user("kim", &[Right::Configure], true)).await.expect("the first");
        for (change, accounts) in [
            (UserChange::AddAccount("desk".to_owned()), vec!["os-kim", "desk"]),
            (UserChange::RemoveAccount("os-kim".to_owned()), vec!["desk"]),
        ] {
            let changed = store.change_user("kim", &change).await.expect("changed");
            assert_eq!(changed.os_accounts, accounts);
        }
        let secret = UserChange::Password("$argon2id$secret".to_owned());
        let kim = store.change_user("kim", &secret).await.expect("changed");
        assert_eq!(kim.password_hash.as_deref(), Some("$argon2id$secret"));
        assert!(!format!("{kim:?}{secret:?}").contains("argon2id"), "{kim:?}");
        let hashes = "SELECT count(DISTINCT after_hash) FROM audit";
        assert_eq!(database.count(hashes).await, 4, "each change is another one");
    });
}

#[test]
fn every_right_that_a_release_knows_can_be_granted() {
    run(async |database| {
        let store = by(database, "cli:root");
        let all = user("kim", &Right::ALL, true);
        assert_eq!(store.add_user(&all).await.expect("the first").rights, Right::ALL);
        let words: BTreeSet<&str> = Right::ALL.iter().map(|right| right.as_str()).collect();
        assert_eq!(words.len(), 9);
        let settings = StoreSettings { url: database.url(), pool_size: 1, ..StoreSettings::default() };
        // One connection is enough for what is refused and put on record after its rollback.
        let narrow = Store::new(settings).expect("the test's settings are valid");
        let narrow = narrow.on_record(entry("kim", "user.add", "kim"));
        assert_eq!(narrow.add_user(&all).await, Err(UserError::NotFirst("kim".to_owned())));
    });
}
