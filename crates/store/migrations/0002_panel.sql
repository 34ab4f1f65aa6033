-- technical_url is the shop's address at Shoper, beside the one it is visited at: its administration may be opened at
-- either. first_run_after holds the first synchronisation back while the merchant looks at what it would do.

ALTER TABLE shops ADD COLUMN technical_url TEXT;
ALTER TABLE shops ADD COLUMN first_run_after BIGINT;
