//! The client as its users see it: against scripted answers of every shape that is likely, and against the
//! simulated account in every one of its variants.

#[cfg(test)]
mod envelopes;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod writes;
