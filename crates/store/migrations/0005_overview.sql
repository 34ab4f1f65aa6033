-- What the panel shows of a shop at a glance, kept as it changes, so that no page walks through all contacts.

-- How many contacts and records there are of each kind (tallies.rs).
CREATE TABLE tallies (
    shop_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (shop_id, name)
);
INSERT INTO tallies (shop_id, name, value)
    SELECT shop_id, 'contacts ' || outcome || ' ' || CASE WHEN sare_status = 8 THEN 1 ELSE 0 END || ' '
        || CASE WHEN refusal IS NULL THEN 0 ELSE 1 END, COUNT(*)
    FROM contacts WHERE address IS NOT NULL GROUP BY 1, 2;
INSERT INTO tallies (shop_id, name, value)
    SELECT shop_id, 'records ' || kind, COUNT(*) FROM records GROUP BY 1, 2;
-- Counting went by this index; now each change of a contact has one less to keep.
DROP INDEX contacts_counts;

-- Unsubscribes of either side, and when and how the other learnt of them (unsubscribes.rs). Unlike a contact's history
-- none is dropped while the contact is known.
CREATE TABLE unsubscribes (
    shop_id BIGINT NOT NULL,
    to_shop BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTES NOT NULL,
    at BIGINT NOT NULL,
    cause TEXT NOT NULL,
    found_by TEXT,
    status BIGINT,
    told TEXT,
    told_at BIGINT,
    ended TEXT,
    ended_at BIGINT,
    PRIMARY KEY (shop_id, to_shop, seq, hash)
);
CREATE INDEX unsubscribes_contact ON unsubscribes (shop_id, hash, seq);
CREATE INDEX unsubscribes_open ON unsubscribes (shop_id, hash) WHERE told_at IS NULL;
INSERT INTO unsubscribes (shop_id, to_shop, seq, hash, at, cause, told, told_at)
    SELECT h.shop_id, CASE WHEN h.kind IN ('refused-in-sare', 'vanished-from-sare') THEN 1 ELSE 0 END, h.seq, h.hash, h.at,
        h.kind, CASE WHEN h.kind = 'vanished-from-sare' THEN 'kept' WHEN t.at IS NOT NULL THEN 'told' END,
        CASE WHEN h.kind = 'vanished-from-sare' THEN h.at ELSE t.at END
    FROM history h LEFT JOIN (
        SELECT b.shop_id, b.hash, b.seq, MIN(e.at) AS at FROM history b JOIN history e
            ON e.shop_id = b.shop_id AND e.hash = b.hash AND e.seq > b.seq AND e.kind = CASE
                WHEN b.kind = 'refused-in-sare' THEN 'switched-off-in-shop' ELSE 'unsubscribed-in-sare' END
            WHERE b.kind IN ('withdrawn-in-shop', 'refusal-followed', 'refused-in-sare') GROUP BY b.shop_id, b.hash, b.seq
    ) t ON t.shop_id = h.shop_id AND t.hash = h.hash AND t.seq = h.seq
    WHERE h.kind IN ('withdrawn-in-shop', 'refusal-followed', 'refused-in-sare', 'vanished-from-sare');

-- A shop's newest lines; rising, so that a line is added at the index's end.
CREATE INDEX history_latest ON history (shop_id, seq);
-- Problems of one kind, page by page.
CREATE INDEX problems_kind ON problems (shop_id, kind, first_at, entry);
-- Refused in SARE while the shop still says that they consent.
CREATE INDEX contacts_disputed ON contacts (shop_id, hash) WHERE refusal IS NOT NULL AND consent = 1;
