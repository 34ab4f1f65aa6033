//! The calls, by what they are about.

mod contacts;
mod groups;
mod lookups;
