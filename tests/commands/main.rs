//! The real program, called as people call it, against simulated services at real addresses.

mod audit;
mod config;
mod connect;
mod contact;
mod doctor;
mod documents;
mod programs;
mod shops;
mod sync;
mod world;
