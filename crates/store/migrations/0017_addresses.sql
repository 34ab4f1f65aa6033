-- Where customers' addresses stand in a shop's list of all of them, for shops that cannot be asked for one customer's:
-- numbers only. Gone and made anew with every pass through the list.
CREATE TABLE address_places (
    shop_id BIGINT NOT NULL,
    address_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    row_no BIGINT NOT NULL,
    is_default BIGINT NOT NULL,
    pass BIGINT NOT NULL,
    PRIMARY KEY (shop_id, address_id)
);
CREATE INDEX address_places_user ON address_places (shop_id, user_id);
