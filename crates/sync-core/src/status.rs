//! A contact's status in SARE, as decisions and the ledger take it. A second type beside the client's on purpose: the client
//! knows nothing of us, and `engine::status_of` is the only bridge.

use serde::{Deserialize, Serialize};

/// A contact's status in SARE (sare-api.md section 6). Kept and told as SARE's number; [`Status::from`] never makes a
/// [`Status::Other`] of a number that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub enum Status {
    /// 0, our own number for "surely not in SARE".
    Absent,
    /// 2: unsubscribed by the account's people.
    RemovedManually,
    /// 3: unsubscribed.
    RemovedAutomatically,
    /// 4: asked to be removed.
    RemovalRequested,
    /// 5: in the database, never asked.
    NotVerified,
    /// 6: in the database, not confirmed.
    NotConfirmed,
    /// 7: blocked by the account's people.
    Blocked,
    /// 8: the only status that is mailed.
    Confirmed,
    /// Any other number. Hands off.
    Other(i64),
}

impl Status {
    /// All refusals.
    pub const REFUSALS: [Self; 3] = [
        Self::RemovedManually,
        Self::RemovedAutomatically,
        Self::RemovalRequested,
    ];
    /// Stands for the status of a record that is there without one that can be read.
    pub const UNTOLD: Self = Self::Other(-1);
    /// Stands for the status of an address about which no answer of SARE can be had. A number of its own: it is another
    /// matter than [`Status::UNTOLD`].
    pub const UNREADABLE: Self = Self::Other(-4);

    /// SARE's number.
    pub const fn code(self) -> i64 {
        match self {
            Self::Absent => 0,
            Self::RemovedManually => 2,
            Self::RemovedAutomatically => 3,
            Self::RemovalRequested => 4,
            Self::NotVerified => 5,
            Self::NotConfirmed => 6,
            Self::Blocked => 7,
            Self::Confirmed => 8,
            Self::Other(number) => number,
        }
    }

    /// Exactly 2, 3 and 4 are refusals.
    pub fn is_refusal(self) -> bool {
        Self::REFUSALS.contains(&self)
    }

    /// 8: newsletters go there.
    pub fn is_mailable(self) -> bool {
        self == Self::Confirmed
    }

    /// 5 and 6: present, neither subscribed nor unsubscribed.
    pub fn is_unconfirmed(self) -> bool {
        matches!(self, Self::NotVerified | Self::NotConfirmed)
    }

    /// 5, 6 and 8: present and free to be updated.
    pub fn is_open(self) -> bool {
        self.is_unconfirmed() || self.is_mailable()
    }

    /// Present, and neither free nor a refusal: blocked, or of a number that means nothing to us. Never touched.
    pub fn is_hands_off(self) -> bool {
        matches!(self, Self::Blocked | Self::Other(_))
    }
}

impl From<i64> for Status {
    fn from(number: i64) -> Self {
        match number {
            0 => Self::Absent,
            2 => Self::RemovedManually,
            3 => Self::RemovedAutomatically,
            4 => Self::RemovalRequested,
            5 => Self::NotVerified,
            6 => Self::NotConfirmed,
            7 => Self::Blocked,
            8 => Self::Confirmed,
            other => Self::Other(other),
        }
    }
}

impl From<Status> for i64 {
    fn from(status: Status) -> Self {
        status.code()
    }
}

/// The number, as people know it from SARE.
impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_name_each_and_are_told_apart() {
        let having = |is: fn(Status) -> bool| -> Vec<i64> {
            (-5..12).filter(|number| is(Status::from(*number))).collect()
        };
        assert_eq!(having(Status::is_refusal), [2, 3, 4]);
        assert_eq!(having(Status::is_open), [5, 6, 8]);
        assert_eq!(having(Status::is_mailable), [8]);
        assert_eq!(having(Status::is_unconfirmed), [5, 6]);
        assert_eq!(
            having(Status::is_hands_off),
            [-5, -4, -3, -2, -1, 1, 7, 9, 10, 11]
        );
        assert!((-5..12).all(|number| Status::from(number).code() == number));
    }
}
