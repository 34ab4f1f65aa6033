-- What was just done in the panel, told once on the page that one comes to; and the language that somebody chose there,
-- which the next visit speaks whatever the administration's own is. `admin` is empty where the shop named nobody.
ALTER TABLE sessions ADD COLUMN told TEXT;
CREATE TABLE panel_languages (
    shop_id BIGINT NOT NULL,
    admin TEXT NOT NULL,
    locale TEXT NOT NULL,
    PRIMARY KEY (shop_id, admin)
);
