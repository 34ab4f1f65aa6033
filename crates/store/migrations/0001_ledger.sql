-- The ledger. Every key begins with the shop, so that the tables can be split by it. Times are milliseconds since
-- 1970 in UTC, flags are 0 or 1, BYTES is each database's word for bytes.

CREATE TABLE ledger (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTES NOT NULL
);

CREATE TABLE shops (
    shop_id BIGINT NOT NULL PRIMARY KEY,
    license TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    url TEXT NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    paused BIGINT NOT NULL DEFAULT 0,
    trial BIGINT NOT NULL DEFAULT 0,
    subscription_until BIGINT,
    app_version BIGINT,
    scopes TEXT,
    config TEXT,
    config_version BIGINT NOT NULL DEFAULT 0,
    installed_stamp TEXT,
    access_expires_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_success_at BIGINT
);
CREATE INDEX shops_host ON shops (host);

-- next_at is when the lane can be claimed: the earlier of due_at and wake_at, or the end of a lease that runs.
CREATE TABLE lanes (
    shop_id BIGINT NOT NULL PRIMARY KEY,
    next_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    wake_at BIGINT,
    leased_until BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX lanes_next ON lanes (next_at);

CREATE TABLE secrets (
    shop_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    value BYTES NOT NULL,
    PRIMARY KEY (shop_id, name)
);

CREATE TABLE hooks (
    shop_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    token_hash BYTES NOT NULL,
    token BYTES NOT NULL,
    secret BYTES,
    remote_id BIGINT,
    matched TEXT,
    last_at BIGINT,
    PRIMARY KEY (shop_id, kind)
);
CREATE UNIQUE INDEX hooks_token ON hooks (token_hash);

CREATE TABLE contacts (
    shop_id BIGINT NOT NULL,
    hash BYTES NOT NULL,
    address BYTES,
    sent BYTES,
    sent_at BIGINT,
    our_groups TEXT NOT NULL DEFAULT '',
    consent BIGINT,
    withdrawn BIGINT NOT NULL DEFAULT 0,
    sare_status BIGINT,
    sare_seen_at BIGINT,
    refusal BIGINT,
    refused_at BIGINT,
    refusal_origin TEXT,
    refusal_applied BIGINT NOT NULL DEFAULT 0,
    intent TEXT,
    outcome BIGINT NOT NULL DEFAULT 0,
    run_id BIGINT,
    poll_found BIGINT NOT NULL DEFAULT 0,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (shop_id, hash)
);
CREATE INDEX contacts_counts ON contacts (shop_id, outcome, sare_status, refusal);
-- Pages of those that need looking at: suppressed, skipped, failed, never touched, gone; most contacts are in neither.
CREATE INDEX contacts_others ON contacts (shop_id, outcome, hash) WHERE outcome > 1;
CREATE INDEX contacts_refused ON contacts (shop_id, hash) WHERE refusal IS NOT NULL;
CREATE INDEX contacts_poll_found ON contacts (shop_id, hash) WHERE poll_found = 1;
CREATE INDEX contacts_erased ON contacts (shop_id, hash) WHERE address IS NULL;

CREATE TABLE records (
    shop_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    id BIGINT NOT NULL,
    hash BYTES NOT NULL,
    consent BIGINT NOT NULL,
    extra TEXT,
    run_id BIGINT,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (shop_id, kind, id)
);
CREATE INDEX records_contact ON records (shop_id, hash);

CREATE TABLE dirty (
    shop_id BIGINT NOT NULL,
    entry TEXT NOT NULL,
    version BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    reason TEXT NOT NULL,
    held_by BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    first_at BIGINT NOT NULL,
    PRIMARY KEY (shop_id, entry)
);
-- What a run holds back is not walked through by those who look for what is due.
CREATE INDEX dirty_due ON dirty (shop_id, priority, due_at) WHERE held_by IS NULL;
CREATE INDEX dirty_held ON dirty (shop_id, held_by) WHERE held_by IS NOT NULL;

CREATE TABLE history (
    shop_id BIGINT NOT NULL,
    hash BYTES NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (shop_id, hash, seq)
);

CREATE TABLE problems (
    shop_id BIGINT NOT NULL,
    entry TEXT NOT NULL,
    kind TEXT NOT NULL,
    hash BYTES,
    detail BYTES,
    is_final BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (shop_id, entry)
);

CREATE TABLE runs (
    shop_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (shop_id, run_id)
);

CREATE TABLE meters (
    shop_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (shop_id, day, name)
);

-- By the licence: a message may come before the shop is known.
CREATE TABLE lifecycle (
    license TEXT NOT NULL,
    action TEXT NOT NULL,
    hash TEXT NOT NULL,
    stamp TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    params TEXT,
    PRIMARY KEY (license, action, hash)
);

CREATE TABLE config_history (
    shop_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (shop_id, version)
);

CREATE TABLE audits (
    shop_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    compared BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (shop_id, at)
);

CREATE TABLE sessions (
    shop_id BIGINT NOT NULL,
    token_hash BYTES NOT NULL,
    admin TEXT,
    csrf TEXT NOT NULL,
    locale TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (shop_id, token_hash)
);
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
