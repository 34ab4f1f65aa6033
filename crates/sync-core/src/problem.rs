//! What can go wrong and is told to people: one kind a cause, with who can make it go away. What people read of each
//! stands in the crate `texts`.

use std::fmt;

use crate::{RecordKind, Words, words};

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

/// What a problem of a shop as a whole is about. There is at most one problem of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// What the kind says: there is one problem of it.
    Of(ProblemKind),
    /// Access to the shop.
    ShopAccess,
    /// Where the shop's address leads.
    ShopAddress,
    /// Webhooks of the shop.
    Webhooks,
    /// A resource of the shop that the app may not read.
    Scope(String),
    /// A list of the shop that cannot be read.
    List(RecordKind),
    /// A list of the shop that gives out fewer rows than it counts.
    ListShort(RecordKind),
    /// Addresses of customers.
    Addresses,
    /// Records that were passed over.
    PassedOver(RecordKind),
    /// What SARE answers.
    SareAnswers,
    /// One call to SARE.
    SareCall(String),
    /// The brake of the poll, which stops refusals on their way to the shop; a run's is [`ProblemKind::Brake`].
    PollBrake,
}

impl Topic {
    /// What the key of a problem of a shop as a whole begins with.
    pub const KEY: &str = "shop:";

    /// The key of its problem. It is kept in the ledger and stands in the operator's API: it never changes.
    pub fn key(&self) -> String {
        format!("{}{self}", Self::KEY)
    }
}

impl From<ProblemKind> for Topic {
    fn from(kind: ProblemKind) -> Self {
        Self::Of(kind)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(kind) => kind.fmt(f),
            Self::ShopAccess => f.write_str("access"),
            Self::ShopAddress => f.write_str("address"),
            Self::Webhooks => f.write_str("webhooks"),
            Self::Scope(resource) => write!(f, "no-scope:{resource}"),
            Self::List(kind) => write!(f, "list:{}", kind.letter()),
            Self::ListShort(kind) => write!(f, "list-short:{}", kind.letter()),
            Self::Addresses => f.write_str("addresses"),
            Self::PassedOver(kind) => write!(f, "passed-over:{}", kind.letter()),
            Self::SareAnswers => f.write_str("sare-answers"),
            Self::SareCall(call) => write!(f, "sare-call:{call}"),
            Self::PollBrake => f.write_str("brake-poll"),
        }
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

    #[test]
    fn the_keys_of_problems_of_a_shop_never_change() {
        let kept = [
            (Topic::Of(ProblemKind::SareFull), "shop:sare-full"),
            (Topic::ShopAccess, "shop:access"),
            (Topic::ShopAddress, "shop:address"),
            (Topic::Webhooks, "shop:webhooks"),
            (Topic::Scope("users".to_owned()), "shop:no-scope:users"),
            (Topic::List(RecordKind::Customer), "shop:list:u"),
            (Topic::ListShort(RecordKind::Subscriber), "shop:list-short:s"),
            (Topic::PassedOver(RecordKind::Subscriber), "shop:passed-over:s"),
            (Topic::Addresses, "shop:addresses"),
            (Topic::SareAnswers, "shop:sare-answers"),
            (Topic::SareCall("by_email".to_owned()), "shop:sare-call:by_email"),
            (Topic::PollBrake, "shop:brake-poll"),
        ];
        for (topic, key) in kept {
            assert_eq!(topic.key(), key);
        }
    }
}
