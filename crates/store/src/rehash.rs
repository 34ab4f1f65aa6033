//! Moving what is known of a contact to another key of its address.
//!
//! By what addresses are compared may get stricter; what was kept under the looser key is then the same person's.

use crate::commit::renewed;
use crate::contacts::erased_under;
use crate::dirty;
use crate::error::Error;
use crate::model::{AddrHash, Contact, DirtyKey, DirtyMark, Lease, Millis, Priority, Reason};
use crate::store::Store;
use crate::tallies::Changes;

impl Store {
    /// Keeps `contact` in the place of the one at `old`, whose records, history and unsubscribes it takes over; then it is
    /// looked at anew. False, and nothing written, when the lane is no longer ours.
    ///
    /// # Errors
    /// When the database cannot be used: then nothing was written.
    pub async fn rehash(
        &self,
        lease: &Lease,
        old: AddrHash,
        contact: &Contact,
        now: Millis,
    ) -> Result<bool, Error> {
        let (shop, new) = (lease.shop, contact.hash);
        let sealed = match self.sealed(shop, std::slice::from_ref(contact)) {
            Err(Error::NoSuchShop) => return Ok(false),
            sealed => sealed?,
        };
        let _turn = self.lanes_turn(lease.woken).await;
        let mut tx = self.begin().await?;
        if !renewed(&mut tx, lease, now, None).await? {
            return Ok(false);
        }
        let erased = erased_under(&mut tx, lease).await?;
        if erased.contains(&old) || erased.contains(&new) {
            return Ok(true);
        }
        let mut changes = Changes::default();
        self.put_contacts(&mut tx, shop, &sealed, &mut changes).await?;
        changes.without(&mut tx, self.dialect, shop, &[old]).await?;
        changes.apply(&mut tx, self.dialect, shop).await?;
        for query in [
            "UPDATE records SET hash = $3 WHERE shop_id = $1 AND hash = $2",
            "UPDATE history SET hash = $3 WHERE shop_id = $1 AND hash = $2 AND seq NOT IN \
             (SELECT seq FROM history WHERE shop_id = $1 AND hash = $3)",
            "UPDATE unsubscribes SET hash = $3 WHERE shop_id = $1 AND hash = $2 AND seq NOT IN \
             (SELECT seq FROM unsubscribes WHERE shop_id = $1 AND hash = $3)",
        ] {
            sqlx::query(query)
                .bind(shop.0)
                .bind(old.0.to_vec())
                .bind(new.0.to_vec())
                .execute(&mut **tx)
                .await?;
        }
        for table in ["contacts", "history", "unsubscribes", "problems"] {
            let query = format!("DELETE FROM {table} WHERE shop_id = $1 AND hash = $2");
            sqlx::query(sqlx::AssertSqlSafe(query))
                .bind(shop.0)
                .bind(old.0.to_vec())
                .execute(&mut **tx)
                .await?;
        }
        sqlx::query("DELETE FROM dirty WHERE shop_id = $1 AND entry = $2")
            .bind(shop.0)
            .bind(DirtyKey::Address(old).encode())
            .execute(&mut **tx)
            .await?;
        let mark = DirtyMark {
            key: DirtyKey::Address(new),
            due_at: now,
            priority: Priority::Live,
            reason: Reason::Verify,
            held_by: None,
        };
        dirty::mark(&mut tx, self.dialect, shop, &[mark], now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
