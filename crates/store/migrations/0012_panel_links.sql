-- Signed addresses of the panel whose time cannot be read, by the time of their first use.
CREATE TABLE panel_links (
    shop_id BIGINT NOT NULL,
    link_hash BYTES NOT NULL,
    first_used_at BIGINT NOT NULL,
    PRIMARY KEY (shop_id, link_hash)
);
