//! What is called from outside, tried over the real router on a real ledger: SQLite always, PostgreSQL where
//! `TEST_POSTGRES_URL` names a server.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod api;
mod browser;
mod forms;
mod large_shop;
mod ledger;
mod lifecycle;
mod logs;
mod machines;
mod panel;
mod panel_advanced;
mod panel_at_once;
mod panel_contacts;
mod panel_mapping;
mod panel_mapping_preview;
mod panel_overview;
mod panel_problems;
mod panel_speed;
mod panel_start;
mod panel_unsubscribes;
mod sare_hook;
mod snapshots;
mod webhooks;
mod world;
