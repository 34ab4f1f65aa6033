//! The ledger's promises, each proven on both databases.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests that finds something else has found a failure"
)]

mod commits;
mod concurrency;
mod dirty;
mod doubts;
mod encryption;
mod erasing;
mod lanes;
mod lifecycle;
mod overview;
mod panel;
mod plans;
mod problems;
mod refusals;
mod rehash;
mod runs;
mod search;
mod shops;
mod support;
mod tallies;
mod time;
mod trouble;
mod unsubscribes;
mod waiting;
mod words;
