//! Shoper and SARE as they behave, faults included, and a world that drives them.

pub mod data;
pub mod faults;
pub mod network;
pub mod sare;
pub mod server;
pub mod shoper;
pub mod world;
