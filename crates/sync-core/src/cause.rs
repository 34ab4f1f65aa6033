//! Why work waits.

use serde::Deserialize;

use crate::{Side, words};

/// Why a lane, or its run, waits. Its word is kept in a run's body and stands in the operator's API: it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The shop's request limit.
    ShopLimit,
    /// SARE's request limit.
    SareLimit,
    /// The shop does not answer.
    ShopAway,
    /// SARE does not answer.
    SareAway,
    /// The shop refuses us.
    ShopAccess,
    /// SARE refuses the key.
    SareAccess,
    /// SARE asks for payment or a higher limit.
    SarePayment,
    /// Updates of data change statuses in the account: nothing is written to it.
    SareChangesStatuses,
    /// One of the shop's records cannot be read.
    ShopRecord,
    /// The shop does not give out a list though it answers other questions.
    ShopList,
    /// The list of all customers' addresses is read first.
    ShopAddresses,
    /// One that another version of the program wrote.
    #[serde(other)]
    Other,
}

words!(Cause {
    ShopLimit = "shop-limit",
    SareLimit = "sare-limit",
    ShopAway = "shop-away",
    SareAway = "sare-away",
    ShopAccess = "shop-access",
    SareAccess = "sare-access",
    SarePayment = "sare-payment",
    SareChangesStatuses = "sare-changes-statuses",
    ShopRecord = "shop-record",
    ShopList = "shop-list",
    ShopAddresses = "shop-addresses",
    Other = "other",
});

impl Cause {
    /// A service's request limit.
    pub const fn limit(side: Side) -> Self {
        match side {
            Side::Shoper => Self::ShopLimit,
            Side::Sare => Self::SareLimit,
        }
    }

    /// Whether it is a request limit, which is over as soon as there is room.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::ShopLimit | Self::SareLimit)
    }

    /// Whether nobody knows when it is over: a service is away or lets us in no more.
    pub fn is_outage(self) -> bool {
        matches!(
            self,
            Self::ShopAway | Self::SareAway | Self::ShopAccess | Self::SareAccess | Self::SarePayment
        )
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_kept_under_its_word_and_an_unknown_word_is_read() {
        for cause in [
            Cause::ShopLimit,
            Cause::SareLimit,
            Cause::ShopAway,
            Cause::SareAway,
            Cause::ShopAccess,
            Cause::SareAccess,
            Cause::SarePayment,
            Cause::SareChangesStatuses,
            Cause::ShopRecord,
            Cause::ShopList,
            Cause::ShopAddresses,
        ] {
            let kept = serde_json::to_value(cause).unwrap();
            assert_eq!(kept, cause.word());
            assert_eq!(serde_json::from_value::<Cause>(kept).unwrap(), cause);
        }
        assert_eq!(
            serde_json::from_str::<Cause>("\"of-a-newer-program\"").unwrap(),
            Cause::Other
        );
    }
}
