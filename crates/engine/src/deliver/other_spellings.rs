//! Other spellings of a person who refused: none of them may be mailed.
//!
//! Where SARE takes two spellings of an address for two contacts (sare-api.md 16 row 15), the refusal of one is the
//! person's. The others are lowered and read back; what is not proven is a problem and is tried again, at growing intervals.

use crate::error::Halt;
use crate::session::Session;
use sync_core::ProblemKind;

use super::change::{read_back, set_status};
use super::{Delivery, Item, ItemResult, put_off};

/// Lowers the spellings that SARE mails though the person refused or withdrew.
pub(super) async fn lower_other_spellings(
    s: &Session<'_>,
    items: &mut [Item],
    delivery: Delivery,
) -> Result<(), Halt> {
    let mailed: Vec<usize> = (0..items.len())
        .filter(|&i| items[i].result.is_none() && !items[i].a.still_mailed().is_empty())
        .collect();
    let to = s.config().unsubscribe.to_sare.status();
    for chunk in mailed.chunks(s.batch_size()) {
        let wanted = chunk.iter().map(|&i| (i, items[i].a.still_mailed()));
        let wanted = wanted.collect();
        if let Some(halt) = set_status(s, items, wanted, to, false).await? {
            return put_off(items, &mailed, halt, delivery);
        }
        let seen = read_back(s, items, chunk).await?;
        for &i in chunk {
            let item = &mut items[i];
            if item.result.is_some() {
                continue;
            }
            item.wrote = true;
            if seen.is_mailed(item.contact.hash) {
                item.result = Some(ItemResult::RetryLater(ProblemKind::StatusNotTaken));
            }
        }
    }
    Ok(())
}
