-- Where a shop may be found, as told by itself or in its signed words; only such an address is ever asked with
-- credentials when the shop sends us on (moving.rs). previous_url is where it was asked before it moved.
ALTER TABLE shops ADD COLUMN own_url TEXT;
ALTER TABLE shops ADD COLUMN announced_url TEXT;
ALTER TABLE shops ADD COLUMN previous_url TEXT;
ALTER TABLE shops ADD COLUMN moved_at BIGINT;
-- When the access token is to be renewed: its life is known only at the moment at which it is given.
ALTER TABLE shops ADD COLUMN access_renew_at BIGINT;
