//! The product's promises as stories: simulated shops and SARE accounts around the real program, on
//! both databases, in virtual time.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod abilities;
mod absence;
mod account;
mod before_first;
mod blame;
mod bytes;
mod cadence;
mod consent;
mod decisions;
mod doubts;
mod first_minutes;
mod full_sync;
mod halves;
mod leaving;
mod lifecycle;
mod limits;
mod live;
mod lost;
mod moving;
mod narrow;
mod neighbours;
mod numbered;
mod persons;
mod reasons;
mod repair;
mod shops;
mod spellings;
mod spoilt;
mod time;
mod trouble;
mod unproven;
mod unsaid;
mod way_back;
mod words;
