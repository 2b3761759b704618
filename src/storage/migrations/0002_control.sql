-- What control clients see of sessions, and the devices that they come from.

-- `session` is never given twice, so that rows of the inbox that outlive a deleted session never fall to another.
-- `id` is the 16 bytes of a UUID. The tokens are those since the last reset. `label` is unique, `traits` the JSON of the other
-- settings; both are empty where nothing is set. `lines` counts every transcript entry ever written, `trimmed` those that are gone.
CREATE TABLE sessions_2 (
    session       INTEGER PRIMARY KEY AUTOINCREMENT,
    key           TEXT NOT NULL UNIQUE,
    id            BLOB NOT NULL,
    updated_ms    INTEGER NOT NULL,
    lines         INTEGER NOT NULL DEFAULT 0,
    trimmed       INTEGER NOT NULL DEFAULT 0,
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    label         TEXT,
    reply_to      TEXT,
    traits        TEXT
) STRICT;
-- The sessions that are there get a random id, marked as such (version 4).
INSERT INTO sessions_2 (session, key, id, updated_ms, lines, trimmed, reply_to)
    SELECT session, key,
        unhex(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || '8' || substr(hex(randomblob(2)), 2)
            || hex(randomblob(6))),
        updated_ms, lines, trimmed, reply_to
    FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_2 RENAME TO sessions;
CREATE UNIQUE INDEX sessions_label ON sessions (label) WHERE label IS NOT NULL;

CREATE TABLE devices (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
