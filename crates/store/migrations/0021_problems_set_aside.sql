-- When a person decided to live with a problem: it is listed apart and counted no more. 0: nobody did. A case noted later
-- is not set aside, so its kind comes back.
ALTER TABLE problems ADD COLUMN set_aside_at BIGINT NOT NULL DEFAULT 0;
