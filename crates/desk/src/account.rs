//! A SARE account as a UID and a key open it: its groups and properties, or why it does not open.

use engine::Engine;
use secrecy::{ExposeSecret, SecretString};
use sync_core::config::{Property, PropertyKind};

use crate::error::Error;
use crate::sides::{Patience, SareSide};

/// An account that opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Its groups, by number and name; `None` when they could not be read although the key is right.
    pub groups: Option<Vec<(i64, String)>>,
    /// Its properties; `None` when they could not be read.
    pub properties: Option<Vec<Property>>,
    /// What could not be read, and why, for support.
    pub gaps: Vec<Gap>,
}

/// A part of an account that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Its groups.
    Groups(sare_api::Error),
    /// Its properties.
    Properties(sare_api::Error),
}

/// Why an account does not open.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The UID is no number of at least three digits.
    #[error("this is no UID")]
    BadUid,
    /// SARE refuses the key, and it has not the form of a key of the REST API.
    #[error("SARE refuses the key, which does not look like one of the REST API")]
    OddKey,
    /// SARE refuses the key for this UID: deleted, another account's, or limited to other addresses.
    #[error("SARE refuses the key for this UID")]
    KeyOrUid,
    /// SARE knows no such account.
    #[error("SARE knows no account of this UID")]
    WrongUid,
    /// The key opens the account and lacks the right to read it.
    #[error("the key lacks rights")]
    NoRights,
    /// SARE cannot be asked now.
    #[error("SARE cannot be asked now: {0}")]
    Away(sare_api::Error),
}

impl Account {
    /// Opens an account and reads what a configuration may speak of.
    ///
    /// # Errors
    /// [`Refusal`], each with a remedy of its own.
    pub async fn open(engine: &Engine, uid: &str, key: SecretString) -> Result<Self, Refusal> {
        let is_odd = sare_api::key_looks_odd(key.expose_secret());
        let sare = match SareSide::with_key(engine, uid, key, Patience::Once) {
            Ok(sare) => sare,
            Err(_) => return Err(Refusal::BadUid),
        };
        Self::read(&sare, is_odd).await
    }

    /// Reads the account of a configured shop.
    ///
    /// # Errors
    /// [`Error::NoKey`] and what SARE answers.
    pub async fn of_shop(
        engine: &Engine,
        shop: &store::Shop,
        config: &sync_core::config::Config,
    ) -> Result<Result<Self, Refusal>, Error> {
        let sare = SareSide::open(engine, shop, config, Patience::Once).await?;
        Ok(Self::read(&sare, false).await)
    }

    async fn read(sare: &SareSide, is_odd: bool) -> Result<Self, Refusal> {
        let mut account = Self::default();
        match sare.ask(|c| async move { c.groups().await }).await {
            Ok(groups) => {
                account.groups = Some(groups.into_iter().map(|group| (group.id, group.name)).collect());
            }
            Err(sare_api::Error::Unauthorized { .. }) if is_odd => return Err(Refusal::OddKey),
            // A 403 is a key that opens the account and may not do this (sare-api.md 16 row 21).
            Err(sare_api::Error::Unauthorized { status: 403 }) => return Err(Refusal::NoRights),
            Err(sare_api::Error::Unauthorized { .. }) => return Err(Refusal::KeyOrUid),
            Err(sare_api::Error::Rejected { status: 404, .. }) => return Err(Refusal::WrongUid),
            Err(error) if error.is_transient() => return Err(Refusal::Away(error)),
            Err(error) => account.gaps.push(Gap::Groups(error)),
        }
        match sare.ask(|c| async move { c.props().await }).await {
            Ok(properties) => account.properties = Some(properties.into_iter().map(property).collect()),
            Err(error) => account.gaps.push(Gap::Properties(error)),
        }
        Ok(account)
    }
}

fn property(from: sare_api::Property) -> Property {
    let kind = match from.kind {
        sare_api::PropertyKind::Text => PropertyKind::Text {
            max_len: from.max_length,
        },
        sare_api::PropertyKind::Number => PropertyKind::Number,
        sare_api::PropertyKind::List => PropertyKind::List { values: from.allowed },
        sare_api::PropertyKind::Consent => PropertyKind::Consent,
        sare_api::PropertyKind::Date | sare_api::PropertyKind::Unknown => PropertyKind::Unknown,
    };
    Property {
        name: from.key,
        label: from.label,
        kind,
    }
}
