//! What the product promises, as pure functions: mapping, merging, consent, plans.

mod ids;

pub use ids::{RecordKey, RecordKind, ShopId};
