//! Files of earlier schema versions.

use callboard_actors::message::{SessionKey, Usage};
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::{Accepted, DeviceRow, InboxFate, SendOrder, SessionTraits};
use rusqlite::{Connection, params};

use super::*;

/// Writes a file as version 1 left it: two sessions, one with lines of which the first was trimmed, one with an open row.
fn make_version_1(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    conn.execute_batch(include_str!("../../migrations/0001_base.sql")).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.execute_batch(
        "INSERT INTO accounts VALUES (4, 'socket-chat', 'default');
         INSERT INTO chats VALUES (5, 4, 1, 'a', 1, 0);",
    )
    .unwrap();
    let reply_to = serde_json::to_string(&make::outbox("a", "").outbound.target).unwrap();
    let session = "INSERT INTO sessions (session, key, updated_ms, lines, trimmed, reply_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    conn.execute(session, params![3, make::session("a").as_str(), START_MS + 3, 3, 1, reply_to]).unwrap();
    conn.execute(session, params![9, make::session("b").as_str(), START_MS, 0, 0, None::<String>]).unwrap();
    for (line, entry) in (2..).zip(make::turn("a", &[], vec![]).entries) {
        let body = serde_json::to_string(&entry).unwrap();
        conn.execute("INSERT INTO transcript VALUES (?1, ?2, ?3)", params![(3_i64 << 32) + line, START_MS, body]).unwrap();
    }
    let body = serde_json::to_string(&make::outbox("a", "still to be sent").outbound).unwrap();
    assert!(!body.contains("act"), "what is a message of its own is written as it was before there were others");
    conn.execute(
        "INSERT INTO outbox (place, id, account, chat, seq, due_ms, owner_epoch, trace_id, created_ms, body)
         VALUES (1, ?1, 4, 5, 1, ?2, 1, ?1, ?2, ?3)",
        params![uuid::Uuid::now_v7().as_bytes(), START_MS, body],
    )
    .unwrap();
    let body = serde_json::to_string(&make::accept("a", "1").inbound).unwrap();
    conn.execute(
        "INSERT INTO inbox (place, id, account, chat, seq, session, owner_epoch, trace_id, created_ms, platform_id, body)
         VALUES (1, ?1, 4, 5, 1, 9, 1, ?1, ?2, '1', ?3)",
        params![uuid::Uuid::now_v7().as_bytes(), START_MS, body],
    )
    .unwrap();
}

#[tokio::test]
async fn a_file_of_version_1_keeps_its_rows() {
    let folder = folder();
    let path = folder.path().join("s.db");
    make_version_1(&path);
    let later = options(StoreLimits::default(), &Clock::manual(START_MS + 10));
    let ids: Vec<_> = {
        let store = open(&path, &later);
        let listed = store.sessions(9).await.unwrap();
        let shown: Vec<_> = listed.iter().map(|row| (row.key.clone(), row.updated_ms, row.entries)).collect();
        assert_eq!(shown, [(make::session("a"), START_MS + 3, 2), (make::session("b"), START_MS, 0)]);
        assert_eq!(listed[0].reply_to, Some(make::outbox("a", "").outbound.target));
        assert!(listed.iter().all(|row| row.usage == Usage::default() && row.traits == SessionTraits::default()));
        assert!(listed.iter().all(|row| row.id.get_version_num() == 4 && row.id.get_variant() == uuid::Variant::RFC4122));
        assert_ne!(listed[0].id, listed[1].id);
        assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 2);
        assert_eq!(store.accept(vec![make::accept("a", "1")]).await.unwrap(), [Accepted::Duplicate]);
        assert_eq!(store.inbox_fate(make::account(), "1".into()).await.unwrap(), Some(InboxFate::Open));
        assert_eq!(store.open_rows(9).await.unwrap(), [(make::session("b"), 1)]);
        store.append_transcript(make::session("a"), make::turn("a", &[], vec![]).entries, Usage::tokens(1, 2));
        store.put_device(DeviceRow { id: "d".into(), body: "{}".into() }).await.unwrap();
        listed.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(look::<i64>(&path, "PRAGMA user_version"), 7);
    let store = open(&path, &still());
    let listed = store.sessions(9).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), ids, "they are given once");
    assert_eq!((listed[0].entries, listed[0].usage), (4, Usage::tokens(1, 2)));
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 4, "lines go on after those that were there");
    assert_eq!(store.begin_turn(make::session("b"), 9).await.unwrap().len(), 1);
    assert_eq!(store.devices().await.unwrap().len(), 1);
    let waiting = store.begin_send(make::account(), 9, SendOrder::OnePerChat).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.outbound.text.as_str()).collect::<Vec<_>>(), ["still to be sent"]);
    assert!(waiting.iter().all(|row| row.outbound.act.is_post()));
}

/// Without that a row of the inbox, or a line that is being read, could fall to a session that somebody else made.
#[tokio::test]
async fn the_number_of_a_deleted_session_is_never_given_again() {
    let folder = folder();
    let path = folder.path().join("s.db");
    make_version_1(&path);
    {
        let store = open(&path, &still());
        let row = store.begin_turn(make::session("b"), 1).await.unwrap().remove(0);
        store.finish_turn(make::turn("b", &[row.id], vec![]), 0).await.unwrap();
        assert!(store.delete_session(make::session("b")).await.unwrap().is_some());
    }
    let store = open(&path, &still());
    store.reset_session(SessionKey::new("agent:main:new")).await.unwrap();
    assert_eq!(look::<i64>(&path, "SELECT session FROM sessions WHERE key = 'agent:main:new'"), 10);
}

#[tokio::test]
async fn a_migration_that_finds_no_room_leaves_the_file_as_it_was() {
    let folder = folder();
    let path = folder.path().join("s.db");
    make_version_1(&path);
    let pages: u32 = look(&path, "PRAGMA page_count");
    let error = SqliteStore::open(&path, Options { pages_max: Some(pages), ..still() }).unwrap_err();
    assert!(matches!(error, OpenError::Sql { .. }), "{error}");
    assert_eq!(look::<i64>(&path, "PRAGMA user_version"), 1);
    let store = open(&path, &still());
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 2);
    assert_eq!(store.sessions(9).await.unwrap().len(), 2);
}
