//! One contact's story: what the shop has now, what was last sent, what SARE has now, and why.
//!
//! What the ledger knows ([`Ledger`]) is there at once; the shop ([`InShop`]) and SARE ([`in_sare`]) are asked at this
//! moment, and either may be away, which is told and hides nothing else. `timeline.rs` reads from the history what happened,
//! `why.rs` and `refusal.rs` make the reasons of it, `next.rs` asks the one decision what comes next; `history.rs` tells its lines, `tell.rs` puts all together, `columns.rs`
//! sets the three sides beside each other. Sentences come from the crate `texts` (`story.toml` and the glossary): here is
//! decided which one is true, and what fills it.

mod columns;
mod history;
mod ledger;
mod next;
mod refusal;
mod sare;
mod shop;
mod tell;
mod timeline;
mod why;

pub use columns::{Column, ColumnName};
pub use history::entry;
pub use ledger::{HISTORY, Ledger};
pub use refusal::{consent_sentence, refusal_origin, refusal_sentence, told_shop};
pub use sare::in_sare;
pub use shop::InShop;
pub use tell::{Story, problem_sentence};
pub use timeline::{Act, Timeline};
pub use why::{Grounds, gist, why};
