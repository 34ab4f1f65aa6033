-- What each shop's rows are sealed with: a key of its own, itself sealed with the newest of the operator's. It goes with the
-- shop, and with it whatever was sealed becomes unreadable, wherever a copy of it is left (keyring.rs). hashes is 1 where
-- addresses are hashed with a key that comes of it; a shop known before goes on with the ledger's.
CREATE TABLE shop_keys (
    shop_id BIGINT NOT NULL PRIMARY KEY,
    value BYTES NOT NULL,
    hashes BIGINT NOT NULL
);
-- Of shops that are gone nothing stays but the licence and the times.
UPDATE shops SET host = '', url = '', technical_url = NULL, own_url = NULL, announced_url = NULL, previous_url = NULL,
    scopes = NULL, app_version = NULL, trial = 0,
    license = CASE WHEN license LIKE 'direct:%' THEN 'removed:' || shop_id ELSE license END
    WHERE state = 'removed';
UPDATE lifecycle SET params = NULL
    WHERE license IN (SELECT license FROM shops WHERE state = 'removed');
-- Rows in which something was erased before may still be read from the file.
INSERT INTO ledger (name, value) SELECT 'untidy', value FROM ledger WHERE name = 'hash key';
