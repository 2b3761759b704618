//! What the writer keeps in memory beside the file: counters of open rows, sequence numbers, and the row ids of names in use.
//!
//! Everything here can be read back from the file, and is after any transaction that was rolled back.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use callboard_actors::message::{AccountKey, ChatKind, ChatRef, InboxId, SessionKey};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::codec::uuid;
use super::lanes::Lanes;
use super::tx::{BEGUN, WAITING};

/// How many chats, and how many sessions, are remembered before all are forgotten and read again at their next use.
const NAMES_MAX: usize = 4_096;

/// The numbers that a chat gave last.
#[derive(Clone, Copy, Debug)]
struct Chat {
    inbox_seq: i64,
    outbox_seq: i64,
    dirty: bool,
}

/// Which sequence of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// Messages to sessions.
    Inbox,
    /// Payloads to the platform.
    Outbox,
}

/// The writer's memory.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Open rows of the inbox.
    pub inbox_open: u64,
    /// Open rows of the outbox.
    pub outbox_open: u64,
    /// Open rows of the outbox, by account and chat.
    pub lanes: Lanes,
    /// Rows of the inbox whose turns have steps: few, so that all others are spared the look for some.
    pub stepped: HashSet<InboxId>,
    inbox_place: i64,
    outbox_place: i64,
    accounts: HashMap<AccountKey, i64>,
    chat_rows: HashMap<i64, HashMap<ChatRef, i64>>,
    chats: HashMap<i64, Chat>,
    dirty: Vec<i64>,
    sessions: HashMap<SessionKey, i64>,
    lines: HashMap<i64, i64>,
}

impl Books {
    /// Reads the counters from the file; names come at their first use.
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
        let mut books = Self {
            inbox_open: count(
                "SELECT (SELECT count(*) FROM inbox WHERE state = 0) + (SELECT count(*) FROM inbox WHERE state = 1)",
            )?
            .unsigned_abs(),
            inbox_place: count("SELECT coalesce(max(place), 0) FROM inbox")?,
            outbox_place: count("SELECT coalesce(max(place), 0) FROM outbox")?,
            ..Self::default()
        };
        books.load_lanes(conn)?;
        let mut stepped = conn.prepare("SELECT DISTINCT row FROM steps")?;
        let ids = stepped.query_map([], |row| Ok(InboxId::from_uuid(uuid(row.get(0)?))))?;
        books.stepped = ids.collect::<rusqlite::Result<_>>()?;
        Ok(books)
    }

    fn load_lanes(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        for (state, sql) in [
            (WAITING, "SELECT account, chat, count(*), min(due_ms) FROM outbox WHERE state = 0 GROUP BY chat"),
            (BEGUN, "SELECT account, chat, count(*), 0 FROM outbox WHERE state = 1 GROUP BY account, chat"),
        ] {
            let mut statement = conn.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (account, chat, due_ms) = (row.get(0)?, row.get(1)?, row.get(3)?);
                let open = row.get::<_, i64>(2)?.unsigned_abs();
                self.outbox_open += open;
                if state == WAITING {
                    self.lanes.arrive(account, chat, open, due_ms);
                } else {
                    self.lanes.found_begun(account, chat, open);
                }
            }
        }
        Ok(())
    }

    /// Returns the next place in the inbox.
    pub(super) fn inbox_place(&mut self) -> i64 {
        self.inbox_place += 1;
        self.inbox_place
    }

    /// Returns the next place in the outbox.
    pub(super) fn outbox_place(&mut self) -> i64 {
        self.outbox_place += 1;
        self.outbox_place
    }

    /// Returns an account's row id, writing the row at its first use.
    pub(super) fn account(&mut self, conn: &Connection, key: &AccountKey) -> rusqlite::Result<i64> {
        if let Some(account) = self.accounts.get(key) {
            return Ok(*account);
        }
        let name = params![key.channel(), key.account()];
        let known = conn
            .prepare_cached("SELECT account FROM accounts WHERE channel = ?1 AND name = ?2")?
            .query_row(name, |row| row.get(0))
            .optional()?;
        let account = match known {
            Some(account) => account,
            None => conn
                .prepare_cached("INSERT INTO accounts (channel, name) VALUES (?1, ?2) RETURNING account")?
                .query_row(name, |row| row.get(0))?,
        };
        self.accounts.insert(key.clone(), account);
        Ok(account)
    }

    /// Returns a chat's row id, writing the row at its first use.
    pub(super) fn chat(&mut self, conn: &Connection, account: i64, chat: &ChatRef) -> rusqlite::Result<i64> {
        if let Some(row) = self.chat_rows.get(&account).and_then(|chats| chats.get(chat)) {
            return Ok(*row);
        }
        let name = params![account, kind_number(chat.kind), chat.id];
        let known = conn
            .prepare_cached("SELECT chat, inbox_seq, outbox_seq FROM chats WHERE account = ?1 AND kind = ?2 AND id = ?3")?
            .query_row(name, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let (row, inbox_seq, outbox_seq) = match known {
            Some(known) => known,
            None => conn
                .prepare_cached("INSERT INTO chats (account, kind, id) VALUES (?1, ?2, ?3) RETURNING chat, 0, 0")?
                .query_row(name, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?,
        };
        // Entered by its row id first: a retried dead letter may have given numbers under it in this very transaction.
        self.chats.entry(row).or_insert(Chat { inbox_seq, outbox_seq, dirty: false });
        self.chat_rows.entry(account).or_default().insert(chat.clone(), row);
        Ok(row)
    }

    /// Returns the next number of a chat's sequence.
    pub(super) fn next_seq(&mut self, conn: &Connection, chat: i64, which: Sequence) -> rusqlite::Result<i64> {
        let entry = match self.chats.entry(chat) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(
                conn.prepare_cached("SELECT inbox_seq, outbox_seq FROM chats WHERE chat = ?1")?
                    .query_row([chat], |row| Ok(Chat { inbox_seq: row.get(0)?, outbox_seq: row.get(1)?, dirty: false }))?,
            ),
        };
        let seq = match which {
            Sequence::Inbox => &mut entry.inbox_seq,
            Sequence::Outbox => &mut entry.outbox_seq,
        };
        *seq += 1;
        let given = *seq;
        if !std::mem::replace(&mut entry.dirty, true) {
            self.dirty.push(chat);
        }
        Ok(given)
    }

    /// Returns a session's row id, writing the row at its first use.
    pub(super) fn session(&mut self, conn: &Connection, key: &SessionKey, now_ms: i64) -> rusqlite::Result<i64> {
        if let Some(session) = self.known_session(conn, key)? {
            return Ok(session);
        }
        let session = conn
            .prepare_cached("INSERT INTO sessions (key, id, updated_ms) VALUES (?1, ?2, ?3) RETURNING session")?
            .query_row(params![key.as_str(), Uuid::now_v7().as_bytes(), now_ms], |row| row.get(0))?;
        self.sessions.insert(key.clone(), session);
        self.lines.insert(session, 0);
        Ok(session)
    }

    /// Returns a session's row id if it has one.
    pub(super) fn known_session(&mut self, conn: &Connection, key: &SessionKey) -> rusqlite::Result<Option<i64>> {
        if let Some(session) = self.sessions.get(key) {
            return Ok(Some(*session));
        }
        let found = conn
            .prepare_cached("SELECT session, lines FROM sessions WHERE key = ?1")?
            .query_row([key.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((session, lines)) = found else { return Ok(None) };
        self.sessions.insert(key.clone(), session);
        self.lines.insert(session, lines);
        Ok(Some(session))
    }

    /// Forgets a session whose row is gone.
    pub(super) fn forget_session(&mut self, key: &SessionKey) {
        if let Some(session) = self.sessions.remove(key) {
            self.lines.remove(&session);
        }
    }

    /// Returns the next line of a session's transcript, from 1.
    pub(super) fn next_line(&mut self, session: i64) -> i64 {
        let line = self.lines.entry(session).or_default();
        *line += 1;
        *line
    }

    /// Writes the numbers that chats gave since the last commit.
    pub(super) fn write_numbers(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let mut statement = conn.prepare_cached("UPDATE chats SET inbox_seq = ?2, outbox_seq = ?3 WHERE chat = ?1")?;
        for chat in self.dirty.drain(..) {
            if let Some(entry) = self.chats.get_mut(&chat) {
                entry.dirty = false;
                statement.execute(params![chat, entry.inbox_seq, entry.outbox_seq])?;
            }
        }
        Ok(())
    }

    /// Forgets names once there are too many. Only after a commit: every number is in the file then.
    pub(super) fn trim(&mut self) {
        if self.chats.len() > NAMES_MAX {
            self.chats.clear();
            self.chat_rows.clear();
        }
        if self.sessions.len() > NAMES_MAX {
            self.sessions.clear();
            self.lines.clear();
        }
        if self.accounts.len() > NAMES_MAX {
            self.accounts.clear();
        }
    }
}

/// Returns the kind of chat that a number stands for; one of a later version is taken for a closed group.
pub(super) const fn chat_kind(number: i64) -> ChatKind {
    match number {
        0 => ChatKind::Direct,
        2 => ChatKind::Channel,
        _ => ChatKind::Group,
    }
}

pub(super) const fn kind_number(kind: ChatKind) -> i64 {
    match kind {
        ChatKind::Direct => 0,
        ChatKind::Group => 1,
        ChatKind::Channel => 2,
    }
}
