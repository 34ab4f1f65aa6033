//! The seams to the outside world: HTTP transport and clock.
//!
//! Everything that leaves the process goes through [`Transport`], and everything that asks for the
//! time asks a [`Clock`]. Production passes [`HttpClient`] and [`SystemClock`]; simulations pass
//! their own, so that the very same engine runs against simulated services in virtual time.

mod body;
mod clock;
mod http_client;
mod pause;
mod private;
mod reach;
mod resolver;
mod transport;

pub use body::{LONGEST_BODY, UNREADABLE, read_body};
pub use clock::{Clock, ManualClock, Millis, SystemClock, WrongClock, millis};
pub use http_client::{HttpClient, HttpClientSettings};
pub use pause::{retry_after, stamp};
pub use private::{Private, excerpt, is_known_word, tame, without_values};
pub use reach::{OutOfReach, Reach};
pub use transport::{BoxFuture, Request, Response, Transport, TransportError};
