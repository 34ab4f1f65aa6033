//! Shoper and SARE as they behave, faults included, and a world that drives them.
//!
//! - [`shoper`] and [`sare`]: one shop, one account. Written from the two references alone, without any type of
//!   the clients, so that a misunderstanding in a client cannot hide here. Whatever the references leave open
//!   is a setting, whose default is the likeliest answer.
//! - [`data`]: made-up people to fill a shop with.
//! - [`faults`]: what a test orders to go wrong with requests.
//! - [`network`]: carries requests to simulators within the process, in virtual or real time.
//! - [`server`]: the same simulators as real HTTP servers, with routes by which a test moves their world.
//! - [`world`]: customers, recipients, staff and operators who do things, one at a time and from a seed; and the
//!   judge who says whether anybody who refused was mailed all the same.
//!
//! Simulators are plain functions from a request to an answer: they know no async, take time from a clock and
//! chance from a seed. A list of two hundred thousand rows is read by its index, so that a page costs the same
//! at the end as at the beginning; `examples/speed.rs` measures it.

pub mod data;
pub mod faults;
pub mod network;
pub mod sare;
pub mod server;
pub mod shoper;
pub mod world;
