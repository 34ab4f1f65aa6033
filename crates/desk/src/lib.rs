//! What people ask of both services at this moment, outside of the lanes: whether a key is right, what a configuration
//! would meet, what a mapping would make of real contacts, what became of one person.
//!
//! The panel and the command line stand on it. It reads, and makes a group in SARE when asked to (`groups.rs`); whatever
//! else changes anything goes through the ledger to the engine. Its requests wait for their turn with the engine's, and go
//! before bulk work, as somebody sits in front of them (`sides.rs`).
//!
//! Whatever asks the ledger fails when that cannot be reached; `# Errors` says what else can go wrong.

mod account;
mod addresses;
mod cache;
mod cost;
mod error;
pub mod fictional;
mod groups;
mod labels;
mod preview;
pub mod proof;
mod sample;
mod service_cache;
mod sides;
mod size;
pub mod standing;
pub mod story;
mod suggested;
mod trial;
mod validate;
mod verdict;

pub use account::{Account, Refusal};
pub use cost::{Cost, Work, cost};
pub use error::{Error, Why};
pub use groups::{NewGroup, make_group};
pub use preview::{Cell, Misfit, Overwritten, Preview, RowPreview, preview, property};
pub use sample::{Progress, Sample, Sampled};
pub use service_cache::{Asked, Numbers, ServiceCache};
pub use sides::{Patience, SareSide, ShopSide};
pub use size::Size;
pub use suggested::worth_suggesting;
pub use trial::{Candidate, Compared, Proof, choose, prove};
pub use validate::{Note, Usable, Validated, named_fields, shop_fields, validate};
pub use verdict::{Verdict, verdict, verdict_on_stranger};
