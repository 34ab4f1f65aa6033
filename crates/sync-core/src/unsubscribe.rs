//! An unsubscribe: what it was, how the other side learnt of it, and what came after. The words are kept in the ledger.

use crate::words;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnsubscribeCause {
    /// Consent was withdrawn in the shop.
    WithdrawnInShop,
    /// A refusal came along from another address of the person, as the shop says.
    RefusalFollowed,
    /// The person refused in SARE.
    RefusedInSare,
    /// The contact was removed from SARE.
    VanishedFromSare,
    /// The person had refused in SARE when the contact was first seen.
    AlreadyRefused,
    /// The same, and a person had it applied in the shop.
    Applied,
    /// One that another version of the program wrote.
    Other,
}
words!(UnsubscribeCause {
    WithdrawnInShop = "withdrawn-in-shop",
    RefusalFollowed = "refusal-followed",
    RefusedInSare = "refused-in-sare",
    VanishedFromSare = "vanished-from-sare",
    AlreadyRefused = "already-refused",
    Applied = "applied",
    Other = "other",
});

/// How the other side learnt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// It was told.
    Told,
    /// It had nothing to change.
    Nothing,
    /// It cannot or must not be changed there.
    Kept,
}
words!(Told { Told = "told", Nothing = "nothing", Kept = "kept" });

/// What came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// A new consent in the shop, which changed nothing yet.
    OptedIn,
    /// A new consent in the shop, and SARE's confirmation mail for it.
    AskedAgain,
    /// A new consent in the shop that made the contact mailable.
    Reactivated,
    /// Subscribed again in SARE.
    Resubscribed,
    /// One that another version of the program wrote.
    Other,
}
words!(Ended {
    OptedIn = "opted-in",
    AskedAgain = "asked-again",
    Reactivated = "reactivated",
    Resubscribed = "resubscribed",
    Other = "other",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HistoryKind, Words};

    #[test]
    fn every_word_is_read_as_the_value_that_it_stands_for() {
        for cause in UnsubscribeCause::ALL {
            assert_eq!(UnsubscribeCause::from_word(cause.word()), Some(*cause));
        }
        let told = Told::ALL.iter().map(|told| told.word());
        assert_eq!(told.collect::<Vec<_>>(), Told::WORDS);
        assert_eq!(Ended::from_word("asked-again"), Some(Ended::AskedAgain));
        assert_eq!(Ended::from_word("of tomorrow"), None);
    }

    #[test]
    fn what_happened_is_called_as_its_line_of_history_is() {
        for (cause, line) in [
            (UnsubscribeCause::WithdrawnInShop, HistoryKind::WithdrawnInShop),
            (UnsubscribeCause::RefusalFollowed, HistoryKind::RefusalFollowed),
            (UnsubscribeCause::RefusedInSare, HistoryKind::RefusedInSare),
            (UnsubscribeCause::VanishedFromSare, HistoryKind::VanishedFromSare),
            (UnsubscribeCause::AlreadyRefused, HistoryKind::AlreadyRefused),
        ] {
            assert_eq!(cause.word(), line.word());
        }
    }
}
