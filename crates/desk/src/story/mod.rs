//! One contact's story: what the shop has now, what was last sent, what SARE has now, and why, in sentences.
//!
//! What the ledger knows ([`Ledger`]) is there at once; the shop ([`InShop`]) and SARE ([`in_sare`]) are asked at this
//! moment, and either may be away, which is told and hides nothing else. `words.rs` turns the ledger's words into
//! sentences, `tell.rs` puts them together, `columns.rs` sets the three sides beside each other.

mod columns;
mod ledger;
mod sare;
mod shop;
mod tell;
mod words;

pub use columns::{Column, ColumnName};
pub use ledger::Ledger;
pub use sare::in_sare;
pub use shop::InShop;
pub use tell::{Story, consent_sentence, gist, moment, problem_sentence, refusal_sentence, why};
pub use words::{entry, outcome, reason, refusal_origin, status};

use sync_core::Lang;

/// One of two texts.
fn either(lang: Lang, polish: &'static str, english: &'static str) -> &'static str {
    match lang {
        Lang::Pl => polish,
        Lang::En => english,
    }
}
