//! Parts that pages are made of, each in one place; `specimens.rs` shows them all.
//!
//! A banner is [`notice`], a chip [`chip`]; [`card`], [`stat`], [`table`], [`stepper`], [`progress`], [`empty`],
//! [`confirmation`], [`danger_zone`], [`toolbar`] and [`chart`] are named after themselves.

mod address;
mod banner;
mod cards;
mod chart;
mod danger;
mod fields;
mod steps;
mod table;

use maud::{Markup, html};
use sync_core::mapping::Target;
use texts::Words;

use super::session::Visit;

pub use address::{address, address_line};
pub use banner::{Tone, chip, notice};
pub use cards::{Stat, card, empty, progress, stat, stats, toolbar};
pub use chart::{Chart, Day, Kind, chart};
pub use danger::{Confirmation, Danger, confirmation, danger_zone};
pub use fields::{Field, checkbox, input, radios, select, text};
pub use steps::{Stage, Step, stages, stepper};
pub use table::{Column, cell, line_cell, numbers_table, table, time_cell};

/// A part that takes the services a while. It is fetched from `piece` once the page is there; where no script does
/// that, a link leads to `whole`, the page with the part in it.
pub fn fetched(visit: &Visit, piece: &str, whole: &str, meanwhile: &str, link: &str) -> Markup {
    html! {
        div data-once=(visit.link(piece)) {
            p.soft role="status" {
                span hidden { (meanwhile) }
                noscript { a href=(visit.link(whole)) { (link) } }
            }
        }
    }
}

/// A field of SARE as people call it.
pub fn field_name(words: Words, target: &Target) -> String {
    match target {
        Target::Name => words.say("common.field-name").to_owned(),
        Target::Gsm => words.say("common.field-gsm").to_owned(),
        Target::Comment => words.say("common.field-comment").to_owned(),
        Target::Prop(n) => words.fill("common.field-prop", &[("n", n)]),
        Target::Custom(name) => name.clone(),
    }
}
