//! Why a question got no answer.

use texts::Words;

/// Why a question got no answer, by what helps.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shop has given no access, or has taken it back: `shop problems` and the panel say what helps.
    #[error("the shop has given us no access")]
    NoAccess,
    /// No key of the account is kept.
    #[error("no API key of SARE is kept for this shop")]
    NoKey,
    /// Not a number of an account.
    #[error(transparent)]
    BadUid(#[from] sare_api::UidError),
    /// The shop's address cannot be used.
    #[error(transparent)]
    BadShopUrl(#[from] shoper_api::ShopUrlError),
    /// The shop's answer.
    #[error(transparent)]
    Shop(#[from] shoper_api::Error),
    /// SARE's answer.
    #[error(transparent)]
    Sare(#[from] sare_api::Error),
    /// The ledger failed.
    #[error("the ledger cannot be asked now")]
    Store(#[from] store::Error),
}

impl Error {
    /// Why, for people who did not ask for more than one sentence's part; without a full stop.
    pub fn text(&self, words: Words) -> String {
        match self {
            Self::NoAccess => words.say("asking.no-access").to_owned(),
            Self::NoKey => words.say("asking.no-key").to_owned(),
            Self::BadUid(_) => words.say("asking.bad-uid").to_owned(),
            Self::BadShopUrl(_) => words.say("asking.bad-shop-url").to_owned(),
            Self::Store(_) => words.say("asking.ledger-busy").to_owned(),
            Self::Shop(error) if error.is_transient() => words.say("asking.shop-away").to_owned(),
            Self::Sare(error) if error.is_transient() => words.say("asking.sare-away").to_owned(),
            Self::Sare(sare_api::Error::Unauthorized { .. }) => words.say("asking.key-refused").to_owned(),
            Self::Shop(error) => words.fill("asking.shop-answered", &[("answer", error)]),
            Self::Sare(error) => words.fill("asking.sare-answered", &[("answer", error)]),
        }
    }

    /// Whether the same question may well be answered later without anybody mending anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Shop(error) => error.is_transient(),
            Self::Sare(error) => error.is_transient(),
            Self::Store(_) => true,
            Self::NoAccess | Self::NoKey | Self::BadUid(_) | Self::BadShopUrl(_) => false,
        }
    }
}

/// Why a service could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It does not answer, or asks for patience.
    Away,
    /// It refuses our access: a key, a token.
    NoAccess,
    /// It lets us in and does not let us read this.
    NotAllowed,
}

impl Why {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Shop(shoper_api::Error::Forbidden { .. }) => Self::NotAllowed,
            Error::Shop(shoper_api::Error::Unauthorized { .. })
            | Error::Sare(sare_api::Error::Unauthorized { .. })
            | Error::NoAccess
            | Error::NoKey
            | Error::BadUid(_)
            | Error::BadShopUrl(_) => Self::NoAccess,
            _ => Self::Away,
        }
    }
}
