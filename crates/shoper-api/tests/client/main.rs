//! The client against a scripted shop: what it asks, and what it makes of every answer.

mod access;
mod answers;
mod lists;
mod objects;
mod script;
mod walks;
