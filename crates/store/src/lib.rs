//! The ledger: shops, lanes, contacts and their history, on SQLite and PostgreSQL.
//!
//! SQL is written once and runs on both; what differs is in `dialect.rs`. What must be secret is
//! encrypted in `crypto.rs` on its way in, and this is the only crate that sees a key. One file a
//! subject: `lanes` (who may work when), `commit` (one piece of work, one transaction), `contacts`,
//! `dirty`, `runs`, `problems`, `refusals`, `unsubscribes`, `tallies`, `shops`, `heartbeat`, `lifecycle`, `hooks`,
//! `panel`, `places`.
//!
//! Whatever asks the database fails when that cannot be used; `# Errors` says what else can go wrong.

mod commit;
mod connection_pool;
mod contact_row;
mod contacts;
mod crypto;
mod dialect;
mod dirty;
mod doubts;
mod error;
mod file;
mod group_commit;
mod health;
mod heartbeat;
mod hooks;
mod keyring;
mod lanes;
mod lifecycle;
mod migrate;
mod model;
mod open_file;
mod panel;
mod places;
mod problems;
mod reencrypt;
mod refusals;
mod rehash;
mod runs;
mod search;
mod shop_keys;
mod shops;
mod store;
mod tallies;
mod tidy;
mod unsubscribes;

pub use contacts::{ContactFilter, ListOrder, ListPlace};
pub use crypto::{Keys, KeysError};
pub use doubts::Silent;
pub use error::Error;
pub use file::{Copy, Served, back_up, restore, serve_alone};
pub use heartbeat::{Absence, Server};
pub use lanes::{FURTHEST_MS, Lane, PUT_BACK_MS};
pub use model::*;
pub use open_file::sqlite_file;
pub use panel::{Audit, ConfigVersion, Session};
pub use places::AddressPlace;
pub use problems::ProblemGroup;
pub use search::SearchKey;
pub use shops::ShopChange;
pub use store::Store;
pub use unsubscribes::{Direction, Unsubscribe};
