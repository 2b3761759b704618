-- States of inbox and outbox rows: 0 waits, 1 begun (in hand), 2 done, 3 dead letter, 4 discarded.
-- Times are milliseconds since 1970. Ids are the 16 bytes of a UUID. `body` is last, so that a scan need not read it.

PRAGMA application_id = 0x43424f44;

CREATE TABLE accounts (
    account INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    name    TEXT NOT NULL,
    UNIQUE (channel, name)
) STRICT;

-- The counters outlive the rows that they were given to.
CREATE TABLE chats (
    chat       INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    id         TEXT NOT NULL,
    inbox_seq  INTEGER NOT NULL DEFAULT 0,
    outbox_seq INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, kind, id)
) STRICT;

-- `lines` counts every transcript entry ever written, `trimmed` those that retention took away.
CREATE TABLE sessions (
    session    INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    updated_ms INTEGER NOT NULL,
    lines      INTEGER NOT NULL DEFAULT 0,
    trimmed    INTEGER NOT NULL DEFAULT 0,
    reply_to   TEXT
) STRICT;

-- `entry` is session × 2³² + line: a session's entries lie side by side without a second index.
CREATE TABLE transcript (
    entry INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    body  TEXT NOT NULL
) STRICT;

-- `place` is the order of arrival over all chats, given by the store.
CREATE TABLE inbox (
    place       INTEGER PRIMARY KEY,
    id          BLOB NOT NULL,
    account     INTEGER NOT NULL,
    chat        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    session     INTEGER NOT NULL,
    state       INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    crashes     INTEGER NOT NULL DEFAULT 0,
    owner_epoch INTEGER NOT NULL,
    trace_id    BLOB NOT NULL,
    created_ms  INTEGER NOT NULL,
    ended_ms    INTEGER,
    platform_id TEXT NOT NULL,
    body        TEXT
) STRICT;
CREATE UNIQUE INDEX inbox_id ON inbox (id);
CREATE UNIQUE INDEX inbox_platform ON inbox (account, platform_id);
CREATE INDEX inbox_waiting ON inbox (session, place) WHERE state = 0;
CREATE INDEX inbox_begun ON inbox (session, place) WHERE state = 1;

CREATE TABLE outbox (
    place       INTEGER PRIMARY KEY,
    id          BLOB NOT NULL,
    account     INTEGER NOT NULL,
    chat        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    state       INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    crashes     INTEGER NOT NULL DEFAULT 0,
    resent      INTEGER NOT NULL DEFAULT 0,
    due_ms      INTEGER NOT NULL,
    owner_epoch INTEGER NOT NULL,
    trace_id    BLOB NOT NULL,
    created_ms  INTEGER NOT NULL,
    ended_ms    INTEGER,
    code        TEXT,
    reason      TEXT,
    receipt     TEXT,
    request_key TEXT,
    body        TEXT
) STRICT;
CREATE UNIQUE INDEX outbox_id ON outbox (id);
CREATE UNIQUE INDEX outbox_request ON outbox (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (chat, seq) WHERE state = 0;
CREATE INDEX outbox_begun ON outbox (account, chat, seq) WHERE state = 1;

-- The payload stays in the row that died; `place` finds it.
CREATE TABLE deadletters (
    letter    INTEGER PRIMARY KEY AUTOINCREMENT,
    id        BLOB NOT NULL UNIQUE,
    direction INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    channel   TEXT NOT NULL,
    account   TEXT NOT NULL,
    chat      TEXT NOT NULL,
    session   TEXT,
    attempts  INTEGER NOT NULL,
    code      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX deadletters_at ON deadletters (at_ms);

CREATE TABLE pairings (
    account    INTEGER NOT NULL,
    peer       TEXT NOT NULL,
    name       TEXT NOT NULL,
    code       TEXT NOT NULL COLLATE NOCASE,
    target     TEXT NOT NULL,
    trace_id   BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (account, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE allowed (
    account INTEGER NOT NULL,
    peer    TEXT NOT NULL,
    name    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name     TEXT PRIMARY KEY,
    holder   TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row that is rewritten to see whether the disk takes a write again.
CREATE TABLE probes (
    probe INTEGER PRIMARY KEY,
    body  BLOB NOT NULL
) STRICT;
