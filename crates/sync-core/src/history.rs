//! What happens to a contact and is kept in its history.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Words;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// A kind of line in a contact's history. Its word is kept in the ledger and stands in the operator's API: it
        /// never changes.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum HistoryKind {
            $($(#[$doc])* $name,)+
            /// One that another version of the program wrote, by its word.
            Other(Box<str>),
        }

        impl Words for HistoryKind {
            const WORDS: &'static [&'static str] = &[$($word),+];
            const HAS_OTHERS: bool = true;

            fn word(&self) -> &str {
                self.word()
            }
        }

        impl HistoryKind {
            /// All that this version writes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable word.
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$name => $word,)+
                    Self::Other(word) => word,
                }
            }

            /// Reads [`HistoryKind::word`].
            pub fn of(word: &str) -> Self {
                match word {
                    $($word => Self::$name,)+
                    other => Self::Other(other.into()),
                }
            }
        }

        #[cfg(test)]
        const WORDS: &[(HistoryKind, &str)] = &[$((HistoryKind::$name, $word),)+];
    };
}

kinds! {
    /// Added to SARE.
    Added = "added",
    /// Data and groups brought up to date in SARE.
    Updated = "updated",
    /// Unsubscribed in SARE, for a withdrawal.
    UnsubscribedInSare = "unsubscribed-in-sare",
    /// Asked by SARE's confirmation mail, for a new opt-in.
    AskedAgain = "asked-again",
    /// Made confirmed in SARE, for a new opt-in.
    ConfirmedInSare = "confirmed-in-sare",
    /// Deleted from SARE by us.
    DeletedInSare = "deleted-in-sare",
    /// Taken out of all our groups in SARE.
    LeftGroups = "left-groups",
    /// Taken out of a group of ours in which it no longer belongs.
    LeftGroup = "left-group",
    /// The subscription was switched off in the shop, for a refusal.
    SwitchedOffInShop = "switched-off-in-shop",
    /// SARE did not take the contact.
    RefusedBySare = "refused-by-sare",
    /// Consent was withdrawn in the shop.
    WithdrawnInShop = "withdrawn-in-shop",
    /// A new opt-in in the shop.
    OptedInInShop = "opted-in-in-shop",
    /// The person refused in SARE.
    RefusedInSare = "refused-in-sare",
    /// The person had refused in SARE when the contact was first seen.
    AlreadyRefused = "already-refused",
    /// Removed from SARE, not by us.
    VanishedFromSare = "vanished-from-sare",
    /// The status changed in SARE, not by us.
    ChangedInSare = "changed-in-sare",
    /// Subscribed again in SARE, not by us.
    ResubscribedInSare = "resubscribed-in-sare",
    /// A refusal came along from another address of the person.
    RefusalFollowed = "refusal-followed",
    /// An inactive subscription speaks against the consent.
    InactiveRowVetoes = "inactive-row-vetoes",
    /// A doubt came along from another address or account.
    DoubtFollowed = "doubt-followed",
    /// The shop did not say whether the person consents.
    ConsentNotSaid = "consent-not-said",
    /// Somebody at the shop decided that the consent counts.
    ConsentDecided = "consent-decided",
    /// Nothing speaks against the consent any more.
    DoubtOver = "doubt-over",
}

impl fmt::Display for HistoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for HistoryKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_by_its_word_and_an_unknown_word_stays_as_it_is() {
        for (kind, word) in WORDS {
            assert_eq!((kind.word(), &HistoryKind::of(word)), (*word, kind));
        }
        let unknown = HistoryKind::of("newer-than-this");
        assert_eq!(unknown, HistoryKind::Other("newer-than-this".into()));
        assert_eq!(unknown.word(), "newer-than-this");
    }
}
