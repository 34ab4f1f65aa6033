//! A client of SAREsystem's "new" REST API (sare-api.md 1).
//!
//! The published facts about this API stop at the requests; its answers are largely unknown
//! (sare-api.md 16). So the client writes exactly what working clients were seen to write, reads
//! every shape that is likely, and says [`Error::NotUnderstood`] of all others: it never guesses.
//!
//! A call goes from [`Client`] (`calls/`) through `wire/`, where all shapes of requests and answers
//! live, to [`ports::Transport`]. Waiting, repeating and splitting of batches are the caller's:
//! [`Error`] says what is sensible, [`Pace`] what was asked of SARE, [`BatchSize`] how much fits.

mod account;
mod batch;
mod calls;
mod client;
mod error;
mod pace;
mod redact;
mod status;
mod wire;

pub use account::{Uid, UidError, key_looks_odd};
pub use batch::{BatchSize, split};
pub use client::Client;
pub use error::Error;
pub use pace::Pace;
pub use ports::Private;
pub use status::Status;
pub use wire::add::{AddOptions, AddRequest, Contact, MailType};
pub use wire::groups::{Group, GroupPage};
pub use wire::lookup::{LookupForm, Probed};
pub use wire::outcome::{AddOutcome, ItemOutcome};
pub use wire::props::{Property, PropertyKind};
pub use wire::record::{ContactRecord, ContactRecords};
pub use wire::statuses::{StatusAnswer, StatusAnswers};
