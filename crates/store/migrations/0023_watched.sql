-- When a person last opened a page of the shop's panel, to the minute: whoever looks gets to see what is true now.
ALTER TABLE shops ADD COLUMN watched_at BIGINT;
