-- erased_fence is the lane's fence when a person was erased: whatever a worker under that lease had read of them before
-- is not written afterwards. The indexes are for lists that people page through.

ALTER TABLE contacts ADD COLUMN erased_fence BIGINT;
CREATE INDEX contacts_erased_fence ON contacts (shop_id, erased_fence) WHERE erased_fence IS NOT NULL;
CREATE INDEX contacts_synchronised ON contacts (shop_id, hash) WHERE outcome = 1;
CREATE INDEX problems_contact ON problems (shop_id, hash) WHERE hash IS NOT NULL;
DROP INDEX dirty_due;
CREATE INDEX dirty_due ON dirty (shop_id, priority, due_at, entry) WHERE held_by IS NULL;
