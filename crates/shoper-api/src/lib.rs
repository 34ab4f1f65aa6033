//! A client of Shoper's REST API, and its lifecycle, iframe and webhook signatures.

pub mod lifecycle;
pub mod signature;
pub mod time;
