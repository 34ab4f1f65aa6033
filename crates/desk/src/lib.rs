//! What people ask of both services at this moment, outside of the lanes: whether a key is right, what a configuration
//! would meet, what a mapping would make of real contacts, what became of one person.
//!
//! The panel and the command line stand on it. It reads; whatever changes anything goes through the ledger to the
//! engine. Unlike the engine it may wait for a service's limit, as somebody sits in front of it.

mod account;
mod addresses;
mod cost;
mod error;
mod groups;
mod judge;
pub mod made_up;
mod memory;
mod preview;
pub mod proof;
mod remedies;
mod sample;
mod shelf;
mod sides;
mod size;
pub mod standing;
pub mod story;
mod times;
mod trial;
mod verdict;

pub use account::{Account, Refusal};
pub use cost::{Cost, Work, cost};
pub use error::Error;
pub use groups::{NewGroup, make_group};
pub use judge::{Judged, Note, Usable, judge, named_fields, shop_fields};
pub use memory::{Asked, Memory, Numbers, Why};
pub use preview::{Cell, Misfit, Overwritten, Preview, RowPreview, preview, property};
pub use remedies::{Healer, Remedy, detail, remedy};
pub use sample::{Progress, Sample, Sampled};
pub use sides::{Patience, SareSide, ShopSide};
pub use size::Size;
pub use times::{clock, in_poland, in_utc};
pub use trial::{Candidate, Compared, Proof, choose, prove};
pub use verdict::{Verdict, verdict, verdict_on_stranger};
