//! What can go wrong and is told to people: one kind a cause, with who can make it go away. What people read of each
//! stands in the crate `texts`.

use std::fmt;

use crate::{Words, words};

/// Who makes a problem go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Healer {
    /// Nobody need do anything: it is tried again by itself.
    Itself,
    /// The merchant.
    Merchant,
    /// The operator of this server.
    Operator,
    /// The vendor of SARE.
    Sare,
    /// The vendor of the shop.
    Shoper,
}
words!(Healer {
    Itself = "itself",
    Merchant = "merchant",
    Operator = "operator",
    Sare = "sare",
    Shoper = "shoper",
});

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $healer:ident;)+) => {
        /// A kind of problem. Its word is kept in the ledger and stands in the operator's API: it never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemKind {
            $($(#[$doc])* $name,)+
            /// One that a newer program noted.
            Unknown,
        }

        impl Words for ProblemKind {
            const WORDS: &'static [&'static str] = &[$($word,)+ "unknown"];

            fn word(&self) -> &str {
                (*self).word()
            }
        }

        impl ProblemKind {
            /// All that are known.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                    Self::Unknown => "unknown",
                }
            }

            /// Who can make it go away.
            pub const fn healer(self) -> Healer {
                match self {
                    $(Self::$name => Healer::$healer,)+
                    Self::Unknown => Healer::Itself,
                }
            }

            /// Reads [`ProblemKind::word`].
            pub fn of(word: &str) -> Self {
                match word {
                    $($word => Self::$name,)+
                    _ => Self::Unknown,
                }
            }
        }
    };
}

kinds! {
    /// SARE refuses the key.
    SareAccess = "sare-access", Merchant;
    /// The merchant disconnected SARE.
    SareDisconnected = "sare-disconnected", Merchant;
    /// The shop refuses our access.
    ShopAccess = "shop-access", Merchant;
    /// The shop sends us on to an address that nothing proves to be its own.
    ShopSentOn = "shop-sent-on", Merchant;
    /// The shop's address leads to no public place.
    ShopNotPublic = "shop-not-public", Merchant;
    /// The server has no identity of an app to exchange a code with.
    NoApp = "no-app", Operator;
    /// The shop does not let the app at a resource.
    NoScope = "no-scope", Merchant;
    /// The shop does not take our webhook.
    WebhooksRefused = "webhooks-refused", Operator;
    /// A run or the poll would have unsubscribed unusually many.
    Brake = "brake", Merchant;
    /// A record has no e-mail address that is one.
    BadAddress = "bad-address", Merchant;
    /// A record cannot be read.
    RecordUnreadable = "record-unreadable", Merchant;
    /// A record that makes its page fail was passed over.
    RecordPassedOver = "record-passed-over", Merchant;
    /// Members of a record cannot be read.
    FieldsUnreadable = "fields-unreadable", Merchant;
    /// A run stands still.
    RunStill = "run-still", Itself;
    /// A list gives out fewer rows than it counts.
    ListShort = "list-short", Itself;
    /// An invisible character is inside an address.
    UnseenCharacter = "unseen-character", Merchant;
    /// SARE does not take a contact.
    SareRefused = "sare-refused", Merchant;
    /// SARE fails at a contact.
    SareFails = "sare-fails", Merchant;
    /// SARE fails at one call for everybody.
    SareCallFails = "sare-call-fails", Itself;
    /// SARE takes no new addresses.
    SareFull = "sare-full", Merchant;
    /// SARE asks for payment.
    SarePayment = "sare-payment", Merchant;
    /// A mapped group is gone from SARE.
    SareGroupGone = "sare-group-gone", Merchant;
    /// A mapped property is gone from SARE.
    SarePropertyGone = "sare-property-gone", Merchant;
    /// SARE takes a contact only without its custom properties.
    CustomFieldsRefused = "custom-fields-refused", Merchant;
    /// Updates of data change statuses in this account.
    SareChangesStatuses = "sare-changes-statuses", Sare;
    /// SARE does not tell whether a contact is still there.
    SareUnsure = "sare-unsure", Itself;
    /// The shop tells customers' addresses in no way.
    AddressesNotReadable = "addresses-not-readable", Shoper;
    /// Records do not say whether they consent.
    ConsentNotSaid = "consent-not-said", Shoper;
    /// The list of addresses could be read only in part.
    AddressesInPart = "addresses-in-part", Shoper;
    /// The shop does not take a change.
    ShopRefused = "shop-refused", Itself;
    /// SARE does not take a status.
    StatusNotTaken = "status-not-taken", Merchant;
    /// SARE does not take a contact out of a group.
    GroupNotLeft = "group-not-left", Merchant;
    /// A record is being edited in the shop.
    RecordLocked = "record-locked", Itself;
    /// The shop does not answer.
    ShopAway = "shop-away", Itself;
    /// SARE does not answer.
    SareAway = "sare-away", Itself;
    /// A list of the shop cannot be read.
    ListNotUnderstood = "list-not-understood", Itself;
    /// SARE's answers cannot be read.
    SareNotUnderstood = "sare-not-understood", Itself;
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl PartialEq<str> for ProblemKind {
    fn eq(&self, word: &str) -> bool {
        self.word() == word
    }
}

impl PartialEq<&str> for ProblemKind {
    fn eq(&self, word: &&str) -> bool {
        self.word() == *word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_the_kind_that_it_names() {
        for kind in ProblemKind::ALL {
            assert_eq!(ProblemKind::of(kind.word()), *kind);
        }
        assert_eq!(ProblemKind::of("of tomorrow"), ProblemKind::Unknown);
    }
}
