//! What the product promises, as pure functions: mapping, merging, consent, plans.
//!
//! Stands between reading and writing: the engine asks [`mapping`] what SARE should hold of a person,
//! [`consent`] what is known of their will, and [`plan`] what to do next, all by the merchant's
//! [`config`]; [`decide`] puts them together, for everybody who decides about a contact. No I/O, no clock, no randomness.

pub mod by_kind;
pub mod cadence;
pub mod catalog;
mod cause;
pub mod config;
pub mod consent;
pub mod decide;
pub mod email;
pub mod finding;
mod history;
mod ids;
mod lang;
pub mod leave_out;
pub mod mapping;
pub mod plan;
mod problem;
pub mod scope;
mod side;
mod similar;
pub mod stamp;
mod status;
mod unsubscribe;
mod words;

pub use by_kind::{ByKind, RecordCounts};
pub use cause::Cause;
pub use email::{Email, EmailError};
pub use history::HistoryKind;
pub use ids::{RecordKey, RecordKind, ShopId};
pub use lang::Lang;
pub use problem::{Healer, ProblemKind, Topic};
pub use side::{BySide, Side};
pub use similar::closest;
pub use unsubscribe::{Ended, Told, UnsubscribeCause};
pub use words::{FromWord, Words};

#[doc(hidden)]
pub use serde;
