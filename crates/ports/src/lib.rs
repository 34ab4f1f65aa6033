//! The seams to the outside world: HTTP transport and clock.
//!
//! Everything that leaves the process goes through [`Transport`], and everything that asks for the
//! time asks a [`Clock`]. Production passes [`HttpClient`] and [`SystemClock`]; simulations pass
//! their own, so that the very same engine runs against simulated services in virtual time.

mod clock;
mod http_client;
mod transport;

pub use clock::{Clock, ManualClock, Millis, SystemClock};
pub use http_client::{HttpClient, HttpClientSettings};
pub use transport::{BoxFuture, Request, Response, Transport, TransportError};
