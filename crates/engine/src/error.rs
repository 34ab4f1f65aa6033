//! Why a slice stops before its work is done.

use ports::Millis;

/// Which side is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The shop.
    Shoper = 0,
    /// SARE.
    Sare = 1,
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
        /// `shop-limit`, `sare-limit`, `shop-away`, `sare-away`, `sare-access`, `sare-payment`, `shop-access`, `shop-record`,
        /// `shop-list`.
        why: &'static str,
    },
    /// The ledger cannot be reached or read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Halt {
    /// There is no place in a service's bucket before `until`.
    pub fn no_place(side: Side, until: Millis) -> Self {
        let why = match side {
            Side::Shoper => "shop-limit",
            Side::Sare => "sare-limit",
        };
        Self::Wait { side, until, why }
    }

    /// Whether only places in a bucket are wanting, and no service is away.
    pub fn is_for_room(&self) -> bool {
        matches!(
            self,
            Self::Wait {
                why: "shop-limit" | "sare-limit",
                ..
            }
        )
    }
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
