//! One contact's story: what the shop has now, what was last sent, what SARE has now, and why, in sentences.
//!
//! What the ledger knows ([`Ledger`]) is there at once; the shop ([`InShop`]) and SARE ([`in_sare`]) are asked at this
//! moment, and either may be away, which is told and hides nothing else. `course.rs` reads from the history what happened,
//! `why.rs` and `refusal.rs` make the reasons of it; `words.rs` turns the ledger's words into sentences, `tell.rs` puts them
//! together, `columns.rs` sets the three sides beside each other.

mod columns;
mod course;
mod ledger;
mod refusal;
mod sare;
mod shop;
mod tell;
mod why;
mod words;

pub use columns::{Column, ColumnName};
pub use course::{Act, Course};
pub use ledger::{HISTORY, Ledger};
pub use refusal::{consent_sentence, refusal_origin, refusal_sentence, told_shop};
pub use sare::in_sare;
pub use shop::InShop;
pub use tell::{Story, moment, problem_sentence};
pub use why::{Grounds, gist, why};
pub use words::{entry, outcome, reason, status};

use sync_core::Lang;

/// One of two texts.
fn either(lang: Lang, polish: &'static str, english: &'static str) -> &'static str {
    match lang {
        Lang::Pl => polish,
        Lang::En => english,
    }
}
