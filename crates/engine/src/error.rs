//! Why a slice stops before its work is done.

use ports::Millis;
use sync_core::Cause;
pub use sync_core::Side;

/// Why a slice stops. None of these loses anything: whatever was not committed is found again.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Another worker holds the lane; nothing of ours was written.
    #[error("the lane is no longer ours")]
    Fenced,
    /// A service must not be asked before `until`.
    #[error("waiting: {why}")]
    Wait {
        /// Which service.
        side: Side,
        /// Until when.
        until: Millis,
        /// Why.
        why: Cause,
    },
    /// The ledger cannot be reached or read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Why one call to a service failed.
#[derive(Debug)]
pub enum CallError<E> {
    /// The slice stops here.
    Halt(Halt),
    /// The service said no to this call; the caller decides.
    Api(E),
}

impl<E> From<Halt> for CallError<E> {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl<E> From<store::Error> for CallError<E> {
    fn from(error: store::Error) -> Self {
        Self::Halt(Halt::Store(error))
    }
}

/// Shorthand for what reading the shop can end in.
pub type ShopCall<T> = Result<T, CallError<shoper_api::Error>>;
