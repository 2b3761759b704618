-- What of a transcript its later turns are told: `summary` is the line that says what those before `told_from` said, empty where
-- none does; both count as in the key of the transcript. `compactions` is how often that was written since the last reset.
ALTER TABLE sessions ADD COLUMN summary INTEGER;
ALTER TABLE sessions ADD COLUMN told_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN compactions INTEGER NOT NULL DEFAULT 0;
