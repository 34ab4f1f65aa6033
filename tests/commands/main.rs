//! The real program, called as people call it, against simulated services at real addresses.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests that finds something else has found a failure"
)]

mod audit;
mod backup;
mod config;
mod connect;
mod contact;
mod disk;
mod doctor;
mod documents;
mod erased;
mod killed;
mod programs;
mod shops;
mod snapshots;
mod sync;
mod world;
