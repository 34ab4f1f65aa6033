-- Time that does not run as it should: a clock that is put back, and hours in which no server lived.

-- The latest moment by which anything of the lane was written. Where it lies in the future the clock has been put back
-- since, and what the lane plans cannot be believed.
ALTER TABLE lanes ADD COLUMN latest_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX lanes_latest ON lanes (latest_at) WHERE leased_until = 0;
CREATE INDEX lanes_leased ON lanes (leased_until) WHERE leased_until > 0;

-- The servers that work on this ledger, each with its last sign of life.
CREATE TABLE servers (
    server TEXT NOT NULL PRIMARY KEY,
    started_at BIGINT NOT NULL,
    alive_at BIGINT NOT NULL
);
CREATE INDEX servers_alive ON servers (alive_at);

-- When none of them lived: what shops sent meanwhile is lost.
CREATE TABLE absences (
    from_at BIGINT NOT NULL PRIMARY KEY,
    to_at BIGINT NOT NULL
);

-- Problems of shops as wholes, counted over all shops.
CREATE INDEX problems_of_shops ON problems (kind) WHERE hash IS NULL;
