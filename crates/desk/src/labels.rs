//! Names behind the shop's numbers, as pages need them.

use engine::{Labels, NameList};
use shoper_api::OptionList;
use sync_core::config::Config;

use crate::sides::ShopSide;

/// Names by which the mapping speaks of numbers: those that the lane keeps, and from the shop what it has not read yet.
pub async fn labels(side: &ShopSide, config: &Config, mut labels: Labels) -> Labels {
    for list in NameList::needed(config) {
        if labels.lacks(list)
            && let Ok(names) = side.ask(|c| list.read(c, OptionList::default())).await
        {
            labels.put(list, names);
        }
    }
    labels
}
