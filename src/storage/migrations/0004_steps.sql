-- What the turns of rows in hand have done so far. `row` is the id of the inbox row. Under `call` 0 stands a round with the calls
-- that it asks for, under every other number how the call of that number, from 1, came out.
CREATE TABLE steps (
    row   BLOB NOT NULL,
    round INTEGER NOT NULL,
    call  INTEGER NOT NULL,
    body  TEXT NOT NULL,
    PRIMARY KEY (row, round, call)
) STRICT, WITHOUT ROWID;
