-- Why a message was ended without an answer; empty for every other.
ALTER TABLE inbox ADD COLUMN reason TEXT;

-- A session is also found by the id of its transcript.
CREATE UNIQUE INDEX sessions_id ON sessions (id);
