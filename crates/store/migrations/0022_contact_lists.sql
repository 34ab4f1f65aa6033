-- Lists of contacts by what became of them, in the order of their last change; and keyed hashes of the first three characters
-- of an address and of its domain, by which people search (SECURITY.md says what these reveal). NULL in a row with an
-- address: an older program wrote it, and the server fills it in.
DROP INDEX contacts_synchronised;
DROP INDEX contacts_others;
CREATE INDEX contacts_latest ON contacts (shop_id, outcome, updated_at, hash);
ALTER TABLE contacts ADD COLUMN beginning BIGINT;
ALTER TABLE contacts ADD COLUMN domain BIGINT;
CREATE INDEX contacts_beginning ON contacts (shop_id, beginning) WHERE beginning IS NOT NULL;
CREATE INDEX contacts_domain ON contacts (shop_id, domain) WHERE domain IS NOT NULL;
CREATE INDEX contacts_unsearchable ON contacts (shop_id, hash) WHERE beginning IS NULL AND address IS NOT NULL;
