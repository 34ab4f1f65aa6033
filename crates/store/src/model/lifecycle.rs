//! Shoper's lifecycle messages and what they did.

use secrecy::SecretString;
use sync_core::ShopId;

use super::Millis;

/// A lifecycle message, received and proven.
#[derive(Debug)]
pub struct Lifecycle {
    /// `shop`.
    pub license: String,
    /// `action` as sent.
    pub action: String,
    /// `hash`, lower-case; with licence and action the identity of the message.
    pub hash: String,
    /// `timestamp` as sent.
    pub timestamp: String,
    /// When it came.
    pub received_at: Millis,
    /// `shop_url`, where it is an address that can be asked.
    pub url: Option<String>,
    /// What it asks for.
    pub effect: LifecycleEffect,
}

/// What a lifecycle message changes, applied in the same transaction that stores it.
#[derive(Debug)]
pub enum LifecycleEffect {
    /// `install`: the shop is inserted or brought up to date; the code waits for the engine. Working tokens stay until
    /// the code has been exchanged.
    Install {
        /// Base URL.
        url: String,
        /// Host of it.
        host: String,
        /// The code.
        auth_code: Option<SecretString>,
        /// `application_version`.
        version: Option<i64>,
        /// `trial`.
        trial: Option<bool>,
    },
    /// `upgrade`.
    Upgrade {
        /// `application_version`.
        version: Option<i64>,
        /// A code, where the message carries one.
        auth_code: Option<SecretString>,
        /// `trial`.
        trial: Option<bool>,
    },
    /// `billing_install`.
    Paid,
    /// `billing_subscription`.
    Subscribed {
        /// Paid until.
        until: Option<Millis>,
    },
    /// `uninstall`. Ignored when older than the latest install (both stamps compare as text of one form).
    Uninstall,
    /// A signed action we do not know: kept.
    Unknown {
        /// The parameters without codes and hashes, as JSON.
        params: String,
    },
}

/// What came of a lifecycle message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Stored and applied.
    Applied(ShopId),
    /// Known already; nothing changed.
    Repeated,
    /// Stored, without effect (unknown action, unknown shop, or older than what we know).
    Kept,
}
