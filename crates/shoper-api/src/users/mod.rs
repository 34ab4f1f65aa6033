//! Customers, guests who ordered among them (shoper-api.md E.1), and their addresses (E.2).

mod addresses;
mod user;

pub use addresses::{AddressFilter, AddressWay, UserAddress};
pub use user::{FieldValue, User};
