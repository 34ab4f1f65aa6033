//! Other spellings of a person who refused: none of them may be mailed.
//!
//! Where SARE takes two spellings of an address for two contacts (sare-api.md 16 row 15), the refusal of one is the
//! person's. The others are lowered and read back; what is not proven is a problem and is tried again, at growing intervals.

use crate::error::Halt;
use crate::session::Session;

use super::change::{read_back, set_status};
use super::{Errand, Fate, Item, put_off};

/// Lowers the spellings that SARE mails though the person refused or withdrew.
pub(super) async fn lower_twins(s: &Session<'_>, items: &mut [Item], errand: Errand) -> Result<(), Halt> {
    let mailed: Vec<usize> = (0..items.len())
        .filter(|&i| items[i].result.is_none() && !items[i].a.mailed_after_all().is_empty())
        .collect();
    let to = s.config().unsubscribe.to_sare.number();
    for chunk in mailed.chunks(s.batch_size()) {
        let wanted = chunk.iter().map(|&i| (i, items[i].a.mailed_after_all()));
        let wanted = wanted.collect();
        if let Some(halt) = set_status(s, items, wanted, to, false).await? {
            return put_off(items, &mailed, halt, errand);
        }
        let seen = read_back(s, items, chunk).await?;
        for &i in chunk {
            let item = &mut items[i];
            if item.result.is_some() {
                continue;
            }
            item.wrote = true;
            if seen.is_mailed(item.contact.hash) {
                item.result = Some(Fate::Later("status-not-taken"));
            }
        }
    }
    Ok(())
}
