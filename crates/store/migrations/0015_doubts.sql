-- Why a consent of the shop is not acted upon (sync-core's doubt.rs), and which records said nothing of consent when they
-- were last read: 0 said, 1 not said and consent is what was said before, 2 never said.

ALTER TABLE contacts ADD COLUMN doubt TEXT;
ALTER TABLE records ADD COLUMN silent BIGINT NOT NULL DEFAULT 0;
-- Few are in doubt, and hardly any record is silent.
CREATE INDEX contacts_doubted ON contacts (shop_id, hash) WHERE doubt IS NOT NULL;
CREATE INDEX records_silent ON records (shop_id, kind, id) WHERE silent <> 0;
