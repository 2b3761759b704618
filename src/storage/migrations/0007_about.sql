-- Which other row an outbox row is about: the message that it changes, by the row's id, until the platform's own id of it is known.
ALTER TABLE outbox ADD COLUMN about BLOB;
