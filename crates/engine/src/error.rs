//! Why a slice stops before its work is done.

use ports::Millis;

/// Which side is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The shop.
    Shoper,
    /// SARE.
    Sare,
}

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
        /// `shop-limit`, `sare-limit`, `shop-away`, `sare-away`, `sare-access`, `shop-access`.
        why: &'static str,
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
