//! The product's promises as stories: simulated shops and SARE accounts around the real program, on
//! both databases, in virtual time.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod abilities;
mod absence;
mod before_first;
mod consent;
mod decisions;
mod first_minutes;
mod full_sync;
mod leaving;
mod lifecycle;
mod limits;
mod live;
mod narrow;
mod reasons;
mod shops;
mod trouble;
mod unproven;
mod way_back;
mod words;
