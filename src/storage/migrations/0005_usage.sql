-- What the turns of a session read from and put into caches, and what all their tokens cost, in billionths of the currency: since the
-- last reset, as the tokens beside them.
ALTER TABLE sessions ADD COLUMN cache_read_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN cache_write_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN cost_nanos INTEGER NOT NULL DEFAULT 0;

-- What all turns of a day used. `day` counts from 1970, in UTC; `turns` are those that counted something, `unpriced` those of them
-- without a cost.
CREATE TABLE usage_days (
    day                INTEGER PRIMARY KEY,
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cost_nanos         INTEGER NOT NULL,
    turns              INTEGER NOT NULL,
    unpriced           INTEGER NOT NULL
) STRICT;
