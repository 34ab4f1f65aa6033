//! What the product promises, as pure functions: mapping, merging, consent, plans.
//!
//! Stands between reading and writing: the engine asks [`mapping`] what SARE should hold of a person,
//! [`consent`] what is known of their will, and [`plan`] what to do next, all by the merchant's
//! [`config`]. No I/O, no clock, no randomness.

pub mod catalog;
pub mod config;
pub mod consent;
pub mod email;
pub mod finding;
mod ids;
mod lang;
pub mod mapping;
pub mod plan;
pub mod scope;
mod similar;
pub mod stamp;

pub use email::{Email, EmailError};
pub use ids::{RecordKey, RecordKind, ShopId};
pub use lang::Lang;
pub use similar::closest;
