//! What people ask of both services at this moment, outside of the lanes: whether a key is right, what a configuration
//! would meet, what a mapping would make of real contacts, what became of one person.
//!
//! The panel and the command line stand on it. It reads; whatever changes anything goes through the ledger to the
//! engine. Unlike the engine it may wait for a service's limit, as somebody sits in front of it.

mod account;
mod error;
mod judge;
pub mod proof;
mod remedies;
mod sides;
mod size;
pub mod story;
mod times;
mod trial;

pub use account::{Account, Refusal};
pub use error::Error;
pub use judge::{Judged, Note, Usable, judge, shop_fields};
pub use remedies::{Healer, Remedy, remedy};
pub use sides::{Patience, SareSide, ShopSide};
pub use size::Size;
pub use times::{in_poland, in_utc};
pub use trial::{Candidate, Compared, Proof, choose, prove};
