//! The store's file, read when the gateway is not there.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// A look into the store's file that changes nothing.
pub(super) struct Shelf(Connection);

/// What the outbox tells of one payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    /// Whether it was begun more than once.
    pub(super) resent: bool,
    /// How many crashes it was in hand at.
    pub(super) crashes: u32,
}

impl Shelf {
    pub(super) fn open(state: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self(Connection::open_with_flags(state.join("callboard.db"), flags).expect("the store's file"))
    }

    fn count(&self, sql: &str) -> usize {
        let count: u32 = self.0.query_row(sql, [], |row| row.get(0)).expect(sql);
        count as usize
    }

    /// Returns how many payloads were on their way when the gateway ended.
    pub(super) fn outbox_in_hand(&self) -> usize {
        self.count("SELECT count(*) FROM outbox WHERE state = 1")
    }

    /// Returns how many turns were running when the gateway ended.
    pub(super) fn inbox_in_hand(&self) -> usize {
        self.count("SELECT count(*) FROM inbox WHERE state = 1")
    }

    /// Returns how many messages wait for their answer.
    pub(super) fn inbox_open(&self) -> usize {
        self.count("SELECT count(*) FROM inbox WHERE state IN (0, 1)")
    }

    /// Returns what became of each payload, by the text of the message that it answers.
    pub(super) fn sendings(&self) -> HashMap<String, Sending> {
        let sql = "SELECT substr(i.platform_id, 7), o.resent, o.crashes FROM outbox o JOIN inbox i ON i.trace_id = o.trace_id";
        let mut statement = self.0.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| Ok((row.get(0)?, Sending { resent: row.get(1)?, crashes: row.get(2)? })));
        rows.expect(sql).collect::<Result<_, _>>().expect("rows")
    }

    /// Checks that so many messages were accepted, each in one row that is done, each with one question and one answer in the
    /// transcript and one payload that is confirmed, no dead letter, and that the file is whole.
    pub(super) fn check_settled(&self, messages: usize) {
        let sound: String = self.0.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
        assert_eq!(sound, "ok");
        for (what, sql, expected) in [
            ("dead letters", "SELECT count(*) FROM deadletters", 0),
            ("inbox rows", "SELECT count(*) FROM inbox", messages),
            ("inbox rows done", "SELECT count(*) FROM inbox WHERE state = 2", messages),
            ("different messages", "SELECT count(DISTINCT platform_id) FROM inbox", messages),
            ("outbox rows", "SELECT count(*) FROM outbox", messages),
            ("outbox rows done", "SELECT count(*) FROM outbox WHERE state = 2", messages),
            ("messages with an answer", "SELECT count(DISTINCT trace_id) FROM outbox", messages),
            ("lines of the transcripts", "SELECT count(*) FROM transcript", 2 * messages),
            ("different runs", "SELECT count(DISTINCT body ->> 'run') FROM transcript", messages),
            (
                "different lines",
                "SELECT count(*) FROM (SELECT DISTINCT entry >> 32, body ->> 'role', body ->> 'text' FROM transcript)",
                2 * messages,
            ),
        ] {
            assert_eq!(self.count(sql), expected, "{what}");
        }
    }
}
